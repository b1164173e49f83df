import { createHmac } from 'node:crypto'
import { type Carrier, cookieCarrier, createSessions, memoryStore, type Sessions } from 'sojourn'
import { fromAuthJs } from 'sojourn/legacy/auth-js'
import { fromExpressSession } from 'sojourn/legacy/express-session'
import { fromSecureSession } from 'sojourn/legacy/fastify-secure-session'
import { fromHonoSessions } from 'sojourn/legacy/hono-sessions'
import { fromIronSession } from 'sojourn/legacy/iron-session'
import { fromKoaSession } from 'sojourn/legacy/koa-session'
import { fromSessionTable, type OldRow } from 'sojourn/legacy/session-table'
import { expect, test } from 'vitest'
import { type Browser, browserOf } from './browser.ts'

type Data = Record<string, unknown>

const SECRET = 'keyboard cat'
const HOUR_MS = 3_600_000

function moved(carrier: Carrier): Sessions<Data> {
  return createSessions<Data>({ store: memoryStore(), carriers: [cookieCarrier(), carrier], warn: () => {} })
}

async function visit(carrier: Carrier, browser: Browser) {
  const { session, commit } = await moved(carrier).open(browser.request())
  const { userId, refused } = session
  const data = { ...session.data }
  await commit()
  return { userId, refused, data }
}

/** The store of express-session answers this to a cookie that is signed. */
function visitExpress(row: object | null, error?: unknown) {
  const id = 'an-id-that-is-long-enough'
  const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '')
  const store = {
    get: (_: string, done: (error?: unknown, row?: object | null) => void) => done(error, row),
    destroy: (_: string, done: () => void) => done(),
  }
  const browser = browserOf([`connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}; Path=/`])
  return visit(fromExpressSession({ secret: SECRET, store }), browser)
}

function visitTable(row: object) {
  const carrier = fromSessionTable({ name: 'old', read: () => row as OldRow, remove: () => {} })
  return visit(carrier, browserOf([`old=${'x'.repeat(30)}; Path=/`]))
}

const inAnHour = () => new Date(Date.now() + HOUR_MS)

test('a store of files that reports a missing row as ENOENT shuts nobody out', async () => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  expect(await visitExpress(null, missing)).toMatchObject({ userId: null, refused: 'unknown' })
  await expect(visitExpress(null, new Error('down'))).rejects.toMatchObject({ status: 503 })
})

test('a row with dates and ids of MongoDB is adopted as JSON, and does not shut its user out', async () => {
  const seen = await visitExpress({
    passport: { user: { toJSON: () => '64b7' } },
    at: new Date(0),
    list: [{ at: new Date(0) }],
    gone: undefined,
  })
  const at = '1970-01-01T00:00:00.000Z'
  expect(seen).toMatchObject({ userId: '64b7', data: { at, list: [{ at }] } })
})

test('a row with names of prototypes and of our own notes is data, and nothing else', async () => {
  const row = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"~gcsrf":"x","userId":"ada"}')
  const { data } = await visitExpress(row)
  expect(JSON.stringify(data)).toBe('{"__proto__":{"admin":true},"constructor":1,"~gcsrf":"x"}')
  expect(data).not.toHaveProperty('admin')
})

test.each([
  ['a table whose rows name the user otherwise', () => visitTable({ user_id: 'ada', expiresAt: inAnHour() })],
  ['a number that was rounded', () => visitExpress(JSON.parse('{"userId":9007199254740993}'))],
  ['a number that is none', () => visitTable({ userId: Number.NaN, expiresAt: inAnHour() })],
])('%s: several users never become one', async (_, come) => {
  await expect(come()).rejects.toMatchObject({ code: 'ERR_OPTION', message: expect.stringMatching(/Set toSession/) })
})

test('a table whose optional columns are NULL, and a user id of 64 bits', async () => {
  const row = { expiresAt: inAnHour(), createdAt: null, data: null }
  expect(await visitTable({ ...row, userId: 'ada' })).toMatchObject({ userId: 'ada', data: {} })
  expect(await visitTable({ ...row, userId: 2n ** 60n })).toMatchObject({ userId: '1152921504606846976' })
})

test('koa-session: a prefix with a dot logs nobody out', async () => {
  const value = 'shop.example:8d5c5c5e'
  const signature = createHmac('sha1', 'k').update(`koa.sess=${value}`).digest('base64url')
  const store = { get: (key: string) => (key === value ? { userId: 'ada' } : null), destroy: () => {} }
  const browser = browserOf([`koa.sess=${value}; path=/`, `koa.sess.sig=${signature}; path=/`])
  expect(await visit(fromKoaSession({ keys: ['k'], store }), browser)).toMatchObject({ userId: 'ada' })
})

const fail = (): never => {
  throw new Error('It throws before it returns a promise.')
}
test.each<[string, Carrier, string, string]>([
  ['Auth.js', fromAuthJs({ decode: fail }), '__Secure-authjs.session-token', 'x'],
  ['iron-session', fromIronSession({ unsealData: fail, password: SECRET, name: 'iron' }), 'iron', 'x'],
  ['@fastify/secure-session', fromSecureSession({ decode: fail }), 'session', 'AAAA%3BAAAA'],
  ['hono-sessions', fromHonoSessions({ decrypt: fail }), 'session', 'x'],
])('%s: a text that its library cannot open is refused, and is no failure', async (_, carrier, name, text) => {
  expect(await visit(carrier, browserOf([`${name}=${text}; Path=/`]))).toMatchObject({
    userId: null,
    refused: 'forged',
  })
})
