import { createSessions } from 'sojourn'
import { readSession, withActionSession, withSession } from 'sojourn/next'
import { expect, test, vi } from 'vitest'

// What Next shows to a route with dynamic = 'force-static', which an application with Cache Components cannot have.
vi.mock('next/headers.js', () => ({ headers: async () => new Headers(), cookies: async () => ({}) }))
vi.mock('next/server.js', () => ({ connection: async () => {} }))

test('a response that is made once for everybody never holds a session', async () => {
  const sessions = createSessions()
  const open = vi.spyOn(sessions, 'open')
  const refusal = { code: 'ERR_MISUSE', message: expect.stringContaining('force-static') }
  const login = withSession(sessions, async (_, session) => {
    await session.login('ada')
    return new Response()
  })
  await expect(login(new Request('http://localhost/login'))).rejects.toMatchObject(refusal)
  await expect(withActionSession(sessions, (session) => session.login('ada'))()).rejects.toMatchObject(refusal)
  await expect(readSession(sessions)).rejects.toMatchObject(refusal)
  expect(open).not.toHaveBeenCalled()
})
