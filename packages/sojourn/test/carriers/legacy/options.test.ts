import { createHmac } from 'node:crypto'
import { MemoryStore } from 'express-session'
import { type Carrier, cookieCarrier, createSessions, memoryStore, type RequestView, type Sessions } from 'sojourn'
import { fromAuthJs } from 'sojourn/legacy/auth-js'
import { fromCookieSession } from 'sojourn/legacy/cookie-session'
import { fromExpressSession } from 'sojourn/legacy/express-session'
import { fromKoaSession } from 'sojourn/legacy/koa-session'
import { fromSessionTable } from 'sojourn/legacy/session-table'
import { afterEach, expect, test, vi } from 'vitest'
import { type Browser, browserOf } from './browser.ts'

type Data = Record<string, unknown>

const SECRET = 'keyboard cat'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

afterEach(() => void vi.useRealTimers())

function moved(carrier: Carrier): Sessions<Data> {
  return createSessions<Data>({ store: memoryStore(), carriers: [cookieCarrier(), carrier], warn: () => {} })
}

async function visit(sessions: Sessions<Data>, browser: Browser, userAgent = 'A') {
  const view = browser.request()
  const header: RequestView['header'] = (name) => (name === 'user-agent' ? userAgent : view.header(name))
  const { session, commit } = await sessions.open({ ...view, header })
  const { userId, refused, expiresAt, data } = session
  const seen = { userId, refused, hours: Math.round((Number(expiresAt) - Date.now()) / HOUR_MS), data: { ...data } }
  browser.receive(await commit())
  return seen
}

/** A session of express-session, as its store keeps it. */
function expressBrowser(store: MemoryStore, session: object, id = 'an-id-that-is-long-enough'): Browser {
  store.set(id, session as never)
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  return browserOf([`connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}; Path=/`])
}

const cookieOf = (maxAgeMs: number | null, leftMs = maxAgeMs) => ({
  originalMaxAge: maxAgeMs,
  expires: leftMs === null ? null : new Date(Date.now() + leftMs),
})

test.each([
  ['a remembered session ends when the old one would', 30 * DAY_MS, 10 * DAY_MS, {}, 240],
  ['a usual session ends as configured', HOUR_MS * 20, HOUR_MS * 20, {}, 12],
  ['a session of the browser ends as configured', null, null, {}, 12],
  ['rememberedAbove states which were remembered', HOUR_MS * 20, HOUR_MS * 19, { rememberedAbove: '2h' } as const, 19],
])('express-session: %s', async (_, maxAgeMs, leftMs, options, hours) => {
  const store = new MemoryStore()
  const sessions = createSessions<Data>({
    store: memoryStore(),
    carriers: [cookieCarrier(), fromExpressSession({ secret: SECRET, store, ...options })],
    timeouts: { idle: '12h' },
    warn: () => {},
  })
  const browser = expressBrowser(store, { cookie: cookieOf(maxAgeMs, leftMs), userId: 7 })
  expect(await visit(sessions, browser)).toMatchObject({ userId: '7', hours })
})

test('express-session: a rolling session lives on although the end in its row has passed', async () => {
  const store = new MemoryStore()
  store.get = (_id, done) => done(null, { cookie: cookieOf(30 * DAY_MS, -1000), userId: 7 } as never)
  const browser = expressBrowser(store, {})
  expect((await visit(moved(fromExpressSession({ secret: SECRET, store })), browser)).userId).toBeNull()
  const rolling = moved(fromExpressSession({ secret: SECRET, store, rolling: true }))
  expect((await visit(rolling, expressBrowser(store, {}))).userId).toBe('7')
})

test('a user who was disabled since the move is refused, and the old row is gone', async () => {
  const store = new MemoryStore()
  const asked: unknown[] = []
  const carrier = fromExpressSession({
    secret: SECRET,
    store,
    async mayAdopt(session) {
      asked.push(session)
      return false
    },
  })
  const browser = expressBrowser(store, { cookie: cookieOf(null), userId: 'ada', cart: ['tea'] })
  const copy = browserOf([`${browser.header()}; Path=/`])
  const sessions = moved(carrier)
  expect(await visit(sessions, browser)).toMatchObject({ userId: null, refused: 'ended' })
  expect(asked).toEqual([{ userId: 'ada', data: { cart: ['tea'] } }])
  expect(Object.keys((store as unknown as { sessions: object }).sessions)).toEqual([])
  expect((await visit(sessions, copy)).userId).toBeNull()
})

test('a user who was stored as an object does not become "[object Object]", and toSession takes the id out of it', async () => {
  const store = new MemoryStore()
  const session = { cookie: cookieOf(null), passport: { user: { id: 7 } }, cart: 1 }
  const failing = moved(fromExpressSession({ secret: SECRET, store }))
  await expect(failing.open(expressBrowser(store, session).request())).rejects.toMatchObject({
    code: 'ERR_OPTION',
    message: expect.stringMatching(/Set toSession/),
  })
  const carrier = fromExpressSession({
    secret: SECRET,
    store,
    toSession: ({ passport, cart }) => ({
      userId: String((passport as { user: { id: number } }).user.id),
      data: { cart: Number(cart) },
    }),
  })
  expect(await visit(moved(carrier), expressBrowser(store, session))).toMatchObject({ userId: '7', data: { cart: 1 } })
})

test('an old store that never answers costs a 503, and the cookie opens the session later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const store = new MemoryStore()
  const sessions = moved(fromExpressSession({ secret: SECRET, store }))
  const browser = expressBrowser(store, { cookie: cookieOf(null), userId: 7 })
  const get = vi.spyOn(store, 'get').mockImplementationOnce(() => {})
  const opened = expect(sessions.open(browser.request())).rejects.toMatchObject({ code: 'ERR_CARRIER', status: 503 })
  await vi.waitFor(() => expect(get).toHaveBeenCalled())
  vi.advanceTimersByTime(2000)
  await opened
  vi.useRealTimers()
  expect((await visit(sessions, browser)).userId).toBe('7')
})

test('cookie-session: two browsers of a user whose cookies are equal both stay logged in, and copies begin no further session', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const value = Buffer.from(JSON.stringify({ userId: 'ada' })).toString('base64')
  const signature = createHmac('sha1', 'k').update(`session=${value}`).digest('base64url')
  const lines = [`session=${value}; path=/`, `session.sig=${signature}; path=/`]
  const sessions = moved(fromCookieSession({ keys: 'k', until: new Date(Date.now() + DAY_MS) }))
  const [phone, laptop, copy] = [browserOf(lines), browserOf(lines), browserOf(lines)]
  for (const _ of ['adopted', 'confirmed']) {
    expect(await visit(sessions, phone, 'phone')).toMatchObject({ userId: 'ada' })
    expect(await visit(sessions, laptop, 'laptop')).toMatchObject({ userId: 'ada' })
  }
  expect(await sessions.list('ada')).toHaveLength(2)
  vi.setSystemTime(Date.now() + 600_000)
  expect((await visit(sessions, copy, 'phone')).userId).toBeNull()
})

test('cookie-session: with the old maxAge, sessions last as long as before', async () => {
  const value = Buffer.from(JSON.stringify({ userId: 'ada' })).toString('base64')
  const signature = createHmac('sha1', 'k').update(`session=${value}`).digest('base64url')
  const lines = [`session=${value}; path=/`, `session.sig=${signature}; path=/`]
  const until = new Date(Date.now() + DAY_MS)
  const hours: number[] = []
  for (const options of [{}, { maxAge: '7d' } as const]) {
    hours.push((await visit(moved(fromCookieSession({ keys: 'k', until, ...options })), browserOf(lines))).hours)
  }
  // The idle limit of half an hour, and seven days.
  expect(hours).toEqual([expect.toSatisfy((each: number) => each <= 1), 168])
})

test('cookie-session and koa-session: our token is made of the signature, not of what can be guessed', () => {
  const view = browserOf([
    'session=eyJ9; path=/',
    'session.sig=abc; path=/',
    'koa.sess=eyJ9; path=/',
    'koa.sess.sig=abc; path=/',
  ]).request()
  const carriers = [fromCookieSession({ keys: 'k', until: new Date() }), fromKoaSession({ keys: ['k'] })]
  expect(carriers.map((carrier) => carrier.read(view).values)).toEqual([['eyJ9.abc'], ['eyJ9.abc']])
})

test('koa-session: a cookie that states no end needs until', async () => {
  const value = Buffer.from(JSON.stringify({ userId: 'ada', _session: true })).toString('base64')
  const signature = createHmac('sha1', 'k').update(`koa.sess=${value}`).digest('base64url')
  const lines = [`koa.sess=${value}; path=/`, `koa.sess.sig=${signature}; path=/`]
  await expect(moved(fromKoaSession({ keys: ['k'] })).open(browserOf(lines).request())).rejects.toMatchObject({
    message: expect.stringMatching(/Set until/),
  })
  const carrier = fromKoaSession({ keys: ['k'], until: new Date(Date.now() + DAY_MS) })
  expect((await visit(moved(carrier), browserOf(lines))).userId).toBe('ada')
})

test.each(['short', 'x'.repeat(600), 'a token with blanks in it, of enough letters'])(
  'session table: %j is no token, and costs no read of the old table',
  async (token) => {
    const read = vi.fn(() => null)
    const sessions = moved(fromSessionTable({ name: 'auth_session', read, remove: () => {} }))
    expect(await visit(sessions, browserOf([`auth_session=${encodeURIComponent(token)}; Path=/`]))).toMatchObject({
      userId: null,
      refused: 'malformed',
    })
    expect(read).not.toHaveBeenCalled()
  },
)

const store = new MemoryStore()
test.each<[string, () => unknown, RegExp]>([
  ['an empty secret', () => fromExpressSession({ secret: '', store }), /secret is empty: an environment variable/],
  ['an empty list of secrets', () => fromExpressSession({ secret: [], store }), /no old session would be accepted/],
  ['no store', () => fromExpressSession({ secret: SECRET, store: {} as never }), /store that express-session used/],
  [
    'an unknown option',
    () => fromExpressSession({ secret: SECRET, store, resave: false } as never),
    /no option "resave"/,
  ],
  ['no end', () => fromCookieSession({ keys: 'k' } as never), /Set until/],
  ['no decode', () => fromAuthJs({} as never), /fromAuthJs: decode must be a function/],
])('%s is refused when the server starts, so nobody is logged out in silence', (_, create, message) => {
  expect(create).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(message) }))
})
