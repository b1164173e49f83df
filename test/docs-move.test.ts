import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import Fastify, { type FastifyPluginCallback } from 'fastify'
import { getIronSession } from 'iron-session'
import { createSessions, type Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runSnippet } from './docs/run.ts'
import { snippetsOf } from './docs/snippets.ts'

const PAGE = 'docs/how-to/move-from-express-session.md'
const SECRET = 'keyboard cat'
/** Without their types, which declare another `request.session`. */
const require = createRequire(import.meta.url)
const plugin = (name: string): FastifyPluginCallback<Record<string, unknown>> => require(name)

const LONG_SECRET = 'a secret of more than thirty-two letters'
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

/** The `sessions` of the page. `change`: what the page says to write differently. */
async function sessionsOfPage(change: (code: string) => string): Promise<Sessions<Record<string, unknown>>> {
  const snippets = snippetsOf(PAGE)
  const snippet = snippets.find(({ name }) => name === 'sessions.ts')
  if (snippet === undefined) throw new Error(`${PAGE} shows no sessions.ts`)
  const { exports } = await runSnippet({ ...snippet, code: change(snippet.code) }, snippets)
  return (exports as { sessions: Sessions<Record<string, unknown>> }).sessions
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
  const sessions = await sessionsOfPage((code) => code)
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
  const ours = cookiesOf(answer).find((line) => line.startsWith('shop=')) ?? ''
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

/** Changes an old session in the store, past express-session. */
async function editOld(cookie: string, change: (old: Record<string, unknown>) => void): Promise<void> {
  const id = /s:(.+)\./.exec(decodeURIComponent(cookie))?.[1] ?? ''
  const { sessions } = oldStore as unknown as { sessions: Record<string, string> }
  const old = JSON.parse(sessions[id] ?? '{}') as Record<string, unknown>
  change(old)
  sessions[id] = JSON.stringify(old)
}

/** With `rolling: true`, a store that extends a session keeps the `expires` of its last write. */
function answerAsAfterRolling(): void {
  vi.spyOn(oldStore, 'get').mockImplementationOnce((id, done) => {
    const { sessions } = oldStore as unknown as { sessions: Record<string, string> }
    const old = JSON.parse(sessions[id] ?? '{}')
    done(null, { ...old, cookie: { ...old.cookie, originalMaxAge: DAYS_30, expires: new Date(Date.now() - 1000) } })
  })
}

test('a rolling session whose stored end has passed stays logged in, with the change that the page names', async () => {
  const sessions = await sessionsOfPage((code) => code.replace('store: oldStore,', 'store: oldStore, rolling: true,'))
  const app = express()
  app.use(expressSessions(sessions))
  app.get('/', (req, res) => res.json({ userId: sessions.get(req).userId }))
  const url = await listen(app)
  const old = await logInBefore()
  answerAsAfterRolling()
  expect(await (await fetch(url, { headers: { cookie: old } })).json()).toEqual({ userId: '7' })
})

test('a user who was stored as an object does not become "[object Object]"', async () => {
  const old = await logInBefore()
  await editOld(old, (each) => Object.assign(each, { passport: { user: { id: 7 } } }))
  expect((await fetch(after, { headers: { cookie: old } })).status).toBe(500)
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

test('an old store that does not answer costs a 503, and the cookie opens the session later', async () => {
  const old = await logInBefore()
  const get = vi.spyOn(oldStore, 'get').mockImplementationOnce(() => {})
  const answer = await fetch(after, { headers: { cookie: old } })
  expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []])
  get.mockRestore()
  expect((await visit(old)).body).toMatchObject({ userId: '7' })
})

test('nobody is logged out in silence: if the old secret is missing, the server does not start', async () => {
  vi.stubEnv('SESSION_SECRET', '')
  const started = sessionsOfPage((code) => code)
  await expect(started).rejects.toMatchObject({ cause: { message: expect.stringMatching(/secret is empty/) } })
  vi.stubEnv('SESSION_SECRET', SECRET)
})

describe('from other libraries', () => {
  test('cookie-session: req.session = null is no logout, as the page warns', async () => {
    const app = express()
    app.use(expressSessions(createSessions()))
    app.get('/login', async (req, res) => {
      await req.session.login('ada')
      res.end()
    })
    app.get('/logout', (req, res) => {
      Object.assign(req, { session: null })
      res.end()
    })
    app.get('/', (req, res) => void res.end(String(req.session.userId)))
    const origin = await listen(app)
    const [cookie = ''] = cookiesOf(await fetch(`${origin}/login`))
    await fetch(`${origin}/logout`, { headers: { cookie } })
    expect(await (await fetch(origin, { headers: { cookie } })).text()).toBe('ada')
  })

  test('iron-session and @fastify/secure-session have the methods that the page names', async () => {
    const jar = { get: () => undefined, set: () => undefined }
    const iron = await getIronSession(jar, { password: LONG_SECRET, cookieName: 'iron' })
    expect(iron.destroy).toBeTypeOf('function')
    const app = Fastify()
    await app.register(plugin('@fastify/secure-session'), { key: randomBytes(32) })
    app.get('/', async (request) => typeof (request.session as unknown as { delete: unknown }).delete)
    expect((await app.inject('/')).body).toBe('function')
    await app.close()
  })
})
