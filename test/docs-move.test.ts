import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import type { Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/move-from-express-session.md'
const SECRET = 'keyboard cat'
const DAYS_30 = 30 * 86_400_000

const oldStore = new MemoryStore()
const stops: (() => void)[] = []
let before = ''
let after = ''

async function listen(app: express.Express): Promise<string> {
  const server = app.listen(0)
  await once(server, 'listening')
  stops.push(() => server.close())
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  const old = express()
  old.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store: oldStore }))
  old.get('/login', (req, res) => {
    const { cookie } = req.session as unknown as { cookie: { maxAge: number } }
    if (req.query.remember) cookie.maxAge = DAYS_30
    Object.assign(req.session, { passport: { user: 7 }, cart: ['tea'], since: new Date(0) })
    res.end()
  })
  before = await listen(old)

  vi.stubGlobal('oldStore', oldStore)
  vi.stubEnv('SESSION_SECRET', SECRET)
  const snippets = snippetsOf(PAGE)
  const snippet = snippets.find(({ name }) => name === 'sessions.ts')
  if (snippet === undefined) throw new Error(`${PAGE} shows no sessions.ts`)
  const { sessions } = (await runSnippet(snippet, snippets)).exports as { sessions: Sessions<Record<string, unknown>> }
  const moved = express()
  moved.use(expressSessions(sessions))
  moved.get('/', (req, res) => {
    const { userId, refused, data, expiresAt } = sessions.get(req)
    res.json({ userId, refused, data, days: Math.round((Number(expiresAt) - Date.now()) / 86_400_000) })
  })
  moved.post('/logout', async (req, res) => {
    await sessions.get(req).logout()
    res.end()
  })
  after = await listen(moved)
})
afterAll(() => {
  for (const stop of stops) stop()
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

const cookiesOf = (answer: Response): string[] =>
  answer.headers.getSetCookie().map((line) => line.split(';')[0] as string)

async function logInBefore(query = ''): Promise<string> {
  return cookiesOf(await fetch(`${before}/login${query}`))[0] as string
}

async function visit(cookie: string): Promise<{ body: Record<string, unknown>; ours: string; status: number }> {
  const answer = await fetch(after, { headers: { cookie } })
  const ours = cookiesOf(answer).find((line) => line.startsWith('session=')) ?? ''
  return { body: (await answer.json()) as Record<string, unknown>, ours, status: answer.status }
}

test('whoever was logged in with express-session stays logged in after the move, with the cart', async () => {
  const old = await logInBefore()
  const first = await visit(old)
  expect(first.body).toMatchObject({ userId: '7', data: { cart: ['tea'], since: '1970-01-01T00:00:00.000Z' } })
  expect(Object.keys(first.body.data as object)).toEqual(['cart', 'since'])
  expect((await visit(first.ours)).body).toMatchObject({ userId: '7', data: { cart: ['tea'] } })
})

test('remember me of the old login is kept', async () => {
  expect((await visit(await logInBefore('?remember=1'))).body).toMatchObject({ userId: '7', days: 30 })
  expect((await visit(await logInBefore())).body).toMatchObject({ userId: '7', days: 0 })
})

test('after a logout, the old cookie opens nothing', async () => {
  const old = await logInBefore()
  const { ours } = await visit(old)
  await fetch(`${after}/logout`, { method: 'POST', headers: { cookie: ours } })
  expect((await visit(old)).body).toMatchObject({ userId: null, refused: 'ended' })
})

test.each([
  ['another id under the signature', (cookie: string) => cookie.replace('s%3A', 's%3Ax'), 'forged'],
  ['no signature', (cookie: string) => cookie.replace(/\.[^.]*$/, ''), 'forged'],
  ['a broken escape', () => 'connect.sid=%E0%A4%A', 'forged'],
])('an old cookie with %s opens nothing, and the request is answered', async (_, change, refused) => {
  expect(await visit(change(await logInBefore()))).toMatchObject({ status: 200, body: { userId: null, refused } })
})
