import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, type Guard } from 'sojourn'
import { withSession } from 'sojourn/fetch'
import { withNodeSession } from 'sojourn/node'
import { expect, test } from 'vitest'

const STATUSES = [204, 205, 304]

function sessionsOf(status: number) {
  const guard = { name: 'bare', opened: () => ({ answer: { status, reason: 'bare', message: 'Nothing to show.' } }) }
  return createSessions({ guards: [guard], warn: () => {} })
}

test.each(STATUSES)('fetch: an answer with %d has no body', async (status) => {
  const handle = withSession(sessionsOf(status), () => new Response('never'))
  const response = await handle(new Request('http://localhost/'))
  expect([response.status, await response.text()]).toEqual([status, ''])
})

test.each(STATUSES)('node: an answer with %d has no body and no length', async (status) => {
  const server = createServer(withNodeSession(sessionsOf(status), (_, response) => void response.end('never')))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  try {
    const response = await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`)
    expect([response.status, await response.text()]).toEqual([status, ''])
    expect(response.headers.get('content-length') ?? '0').toBe('0')
  } finally {
    server.close()
  }
})

test('fetch: a header of an answer replaces the default, however its name is written', async () => {
  const headers = { 'Content-Type': 'text/html', 'Cache-Control': 'private' }
  const answer = { status: 403, reason: 'page', message: 'No.', body: '<p>No.</p>', headers }
  const sessions = createSessions({ guards: [{ name: 'page', check: () => answer }], warn: () => {} })
  const response = await withSession(sessions, () => new Response('never'))(new Request('http://localhost/'))
  expect(response.headers.get('content-type')).toBe('text/html')
  expect(response.headers.get('cache-control')).toBe('private')
})

test('an answer with a cookie of the guard carries the renewed token too: node, fetch', async () => {
  let now = Date.UTC(2030, 0, 1)
  const headers = { 'set-cookie': 'bound=1; Path=/' }
  const answer = { status: 200, reason: 'proved', message: 'Proved.', headers }
  const opened: NonNullable<Guard['opened']> = ({ view }) => (view.url === '/prove' ? { answer } : null)
  const sessions = createSessions({ guards: [{ name: 'prover', opened }], clock: () => now, warn: () => {} })
  const logIn = withSession(sessions, async (_, session) => {
    await session.login('ada', { absolute: '30d' })
    return new Response('in')
  })
  const cookie = (await logIn(new Request('https://localhost/'))).headers.getSetCookie()[0]?.split(';')[0] ?? ''
  now += 2 * 3_600_000
  const server = createServer(withNodeSession(sessions, (_, response) => void response.end('never')))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  try {
    const { port } = server.address() as AddressInfo
    // As behind a proxy: on plain localhost the cookie has another name.
    const init = { headers: { cookie, via: '1.1 proxy' } }
    for (const response of [
      await fetch(`http://127.0.0.1:${port}/prove`, init),
      await withSession(sessions, () => new Response('never'))(new Request('https://localhost/prove', init)),
    ]) {
      const names = response.headers.getSetCookie().map((line) => line.split('=')[0])
      expect(names.sort()).toEqual(['__Host-session', 'bound'])
    }
  } finally {
    server.close()
  }
})
