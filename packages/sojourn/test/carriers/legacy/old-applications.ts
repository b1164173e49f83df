import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { decode, encode } from '@auth/core/jwt'
import express from 'express'
import expressSession, { MemoryStore } from 'express-session'
import Fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify'
import { Hono } from 'hono'
import { CookieStore, decrypt, MemoryStore as HonoMemoryStore, sessionMiddleware } from 'hono-sessions'
import { getIronSession, unsealData } from 'iron-session'
import Koa from 'koa'
import { type DatabaseSession, Lucia } from 'lucia'
import type { Carrier } from 'sojourn'
import { fromAuthJs } from 'sojourn/legacy/auth-js'
import { fromCookieSession } from 'sojourn/legacy/cookie-session'
import { fromExpressSession } from 'sojourn/legacy/express-session'
import { fromSecureSession, type OldSecureSession } from 'sojourn/legacy/fastify-secure-session'
import { fromFastifySession } from 'sojourn/legacy/fastify-session'
import { fromHonoSessions } from 'sojourn/legacy/hono-sessions'
import { fromIronSession } from 'sojourn/legacy/iron-session'
import { fromKoaSession } from 'sojourn/legacy/koa-session'
import { fromSessionTable, type OldRow } from 'sojourn/legacy/session-table'

/** An application on another library, which is running. Its sessions contain `userId` and `cart: ['tea']` where it keeps data. */
export interface OldApplication {
  /** The `Set-Cookie` headers of a login. */
  login(userId: string): Promise<string[]>
  carrier(): Carrier
  /** Whether the old library has data beside the user. */
  readonly keepsData: boolean
  /** How long the old library accepts a cookie that is not used. */
  readonly livesMs: number
  /** The row store, if there is one. */
  readonly rows?: { count(): number; isDown: boolean }
  close(): Promise<void>
}

/** Without their types, which declare another `request.session`. */
const require = createRequire(import.meta.url)
const plugin = (name: string): FastifyPluginCallback<Record<string, unknown>> => require(name)

const SECRET = 'a secret of more than thirty-two letters'
const CART = ['tea']
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

async function serve(handle: RequestListener): Promise<{ login: OldApplication['login']; close(): Promise<void> }> {
  const server = createServer(handle).listen(0)
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    login: async (userId) => (await fetch(`${origin}/login?user=${userId}`)).headers.getSetCookie(),
    close: async () => void server.close(),
  }
}

const userOf = (url: string): string => new URL(url, 'http://localhost').searchParams.get('user') ?? ''

function memoryRows(): { store: MemoryStore; rows: NonNullable<OldApplication['rows']> } {
  const store = new MemoryStore()
  const kept = (store as unknown as { sessions: object }).sessions
  const rows = { isDown: false, count: () => Object.keys(kept).length }
  const get = store.get.bind(store)
  store.get = (id, done) => (rows.isDown ? done(new Error('the old store is down')) : get(id, done))
  return { store, rows }
}

async function onExpressSession(): Promise<OldApplication> {
  const { store, rows } = memoryRows()
  const app = express()
  app.use(
    expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store, cookie: { maxAge: HOUR_MS } }),
  )
  app.get('/login', (req, res) => {
    Object.assign(req.session, { passport: { user: userOf(req.url) }, cart: CART })
    res.end()
  })
  return {
    ...(await serve(app)),
    carrier: () => fromExpressSession({ secret: ['a newer secret', SECRET], store }),
    keepsData: true,
    livesMs: HOUR_MS,
    rows,
  }
}

interface OldFastifySession {
  set(key: string, value: unknown): void
}

async function onFastify(register: (app: FastifyInstance) => Promise<unknown>): Promise<FastifyInstance> {
  const app = Fastify()
  await register(app)
  app.get('/login', async (request) => {
    const session = request.session as unknown as OldFastifySession
    session.set('userId', userOf(request.url))
    session.set('cart', CART)
    return 'done'
  })
  await app.ready()
  return app
}

async function loginAt(app: FastifyInstance, userId: string): Promise<string[]> {
  return [(await app.inject(`/login?user=${userId}`)).headers['set-cookie'] ?? []].flat()
}

async function onFastifySession(): Promise<OldApplication> {
  const { store, rows } = memoryRows()
  const app = await onFastify(async (fastify) => {
    await fastify.register(plugin('@fastify/cookie'))
    await fastify.register(plugin('@fastify/session'), {
      secret: SECRET,
      cookie: { secure: false, maxAge: HOUR_MS },
      store,
    })
  })
  return {
    login: (userId) => loginAt(app, userId),
    carrier: () => fromFastifySession({ secret: SECRET, store }),
    keepsData: true,
    livesMs: HOUR_MS,
    rows,
    close: () => app.close(),
  }
}

async function onSecureSession(): Promise<OldApplication> {
  const app = await onFastify(async (fastify) => {
    await fastify.register(plugin('@fastify/secure-session'), { key: randomBytes(32) })
  })
  const old = app as unknown as { decodeSecureSession(text: string): OldSecureSession | null }
  return {
    login: (userId) => loginAt(app, userId),
    carrier: () => fromSecureSession({ decode: (text) => old.decodeSecureSession(text) }),
    keepsData: true,
    livesMs: 86_401_000,
    close: () => app.close(),
  }
}

async function onCookieSession(): Promise<OldApplication> {
  const app = express()
  app.use(require('cookie-session')({ keys: ['newer', 'k'] }))
  app.get('/login', (req, res) => {
    Object.assign(req.session, { userId: userOf(req.url), cart: CART, at: randomUUID() })
    res.end()
  })
  const until = new Date(Date.now() + DAY_MS)
  return {
    ...(await serve(app)),
    carrier: () => fromCookieSession({ keys: ['newer', 'k'], until }),
    keepsData: true,
    livesMs: DAY_MS,
  }
}

async function onKoaSession(store?: Map<string, object>): Promise<OldApplication> {
  const app = new Koa()
  app.keys = ['k']
  const rows = { isDown: false, count: () => store?.size ?? 0 }
  const rowStore = {
    async get(key: string) {
      if (rows.isDown) throw new Error('the old store is down')
      return store?.get(key)
    },
    set: async (key: string, value: object) => void store?.set(key, value),
    destroy: async (key: string) => void store?.delete(key),
  }
  const { createSession } = require('koa-session')
  app.use(createSession({ ...(store && { store: rowStore }) }, app))
  app.use((ctx) => {
    Object.assign((ctx as unknown as { session: object }).session, {
      userId: userOf(ctx.url),
      cart: CART,
      at: randomUUID(),
    })
    ctx.body = 'done'
  })
  return {
    ...(await serve(app.callback())),
    carrier: () => fromKoaSession({ keys: ['k'], ...(store && { store: rowStore }) }),
    keepsData: true,
    livesMs: DAY_MS,
    ...(store && { rows }),
  }
}

async function onIronSession(): Promise<OldApplication> {
  const options = { password: SECRET, cookieName: 'iron' }
  const served = await serve(async (req, res) => {
    const session = await getIronSession<Record<string, unknown>>(req, res, options)
    Object.assign(session, { userId: userOf(req.url ?? ''), cart: CART })
    await session.save()
    res.end()
  })
  return {
    ...served,
    carrier: () => fromIronSession({ unsealData, password: SECRET, name: 'iron' }),
    keepsData: true,
    livesMs: 14 * DAY_MS,
  }
}

async function onHonoSessions(kind: 'cookie' | 'rows'): Promise<OldApplication> {
  const store = kind === 'cookie' ? new CookieStore() : new HonoMemoryStore()
  const rows = { isDown: false, count: () => (store as unknown as { data: Map<string, unknown> }).data.size }
  const rowStore = {
    getSessionById: (id: string) => {
      if (rows.isDown) throw new Error('the old store is down')
      return (store as HonoMemoryStore).getSessionById(id)
    },
    deleteSession: (id: string) => (store as HonoMemoryStore).deleteSession(id),
  }
  const app = new Hono<{ Variables: { session: { set(key: string, value: unknown): void } } }>()
  app.use('*', sessionMiddleware({ store, encryptionKey: SECRET, expireAfterSeconds: 3600 }) as never)
  app.get('/login', (c) => {
    const session = c.get('session')
    session.set('userId', userOf(c.req.url))
    session.set('cart', CART)
    return c.text('done')
  })
  return {
    login: async (userId) => (await app.request(`/login?user=${userId}`)).headers.getSetCookie(),
    carrier: () =>
      fromHonoSessions({ decrypt: (text) => decrypt(SECRET, text), ...(kind === 'rows' && { store: rowStore }) }),
    keepsData: true,
    livesMs: HOUR_MS,
    ...(kind === 'rows' && { rows }),
    close: async () => {},
  }
}

const AUTH_COOKIE = '__Secure-authjs.session-token'

/** Auth.js sends what `encode` returns, in chunks if it is long. */
async function onAuthJs(padding: number): Promise<OldApplication> {
  const key = { secret: SECRET, salt: AUTH_COOKIE }
  return {
    async login(userId) {
      const token = await encode({ ...key, token: { sub: userId, picture: 'x'.repeat(padding) } })
      if (padding === 0) return [`${AUTH_COOKIE}=${token}; Path=/`]
      const pieces = token.match(/.{1,3900}/g) ?? []
      return pieces.map((piece, at) => `${AUTH_COOKIE}.${at}=${piece}; Path=/`)
    },
    carrier: () => fromAuthJs({ decode: (token) => decode({ ...key, token }) }),
    keepsData: false,
    livesMs: 30 * DAY_MS,
    close: async () => {},
  }
}

async function onBetterAuth(): Promise<OldApplication> {
  // Its versions are those of the benchmarks.
  const bench = createRequire(new URL('../../../../../bench/package.json', import.meta.url))
  const load = async (name: string) => await import(pathToFileURL(bench.resolve(name)).href)
  const { betterAuth } = await load('better-auth')
  const { memoryAdapter } = await load('better-auth/adapters/memory')
  const tables: Record<string, Record<string, unknown>[]> = { user: [], session: [], account: [], verification: [] }
  const auth = betterAuth({
    baseURL: 'http://localhost',
    secret: SECRET,
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    telemetry: { enabled: false },
  })
  const users = new Map<string, string>()
  const rows = { isDown: false, count: () => tables.session?.length ?? 0 }
  return {
    async login(userId) {
      const body = { name: userId, email: `${userId}${randomUUID()}@shop.example`, password: 'a long password' }
      const answer: Response = await auth.api.signUpEmail({ body, asResponse: true })
      const { user } = (await answer.json()) as { user: { id: string } }
      users.set(user.id, userId)
      return answer.headers.getSetCookie()
    },
    carrier: () =>
      fromSessionTable({
        name: 'better-auth.session_token',
        secret: SECRET,
        read(token) {
          if (rows.isDown) throw new Error('the old database is down')
          const row = tables.session?.find((each) => each.token === token) as unknown as OldRow | undefined
          return row ? { ...row, userId: users.get(String(row.userId)) ?? null, data: {} } : null
        },
        remove(token) {
          tables.session = tables.session?.filter((each) => each.token !== token) ?? []
        },
      }),
    keepsData: false,
    livesMs: 7 * DAY_MS,
    rows,
    close: async () => {},
  }
}

async function onLucia(): Promise<OldApplication> {
  const table = new Map<string, DatabaseSession>()
  const rows = { isDown: false, count: () => table.size }
  const lucia = new Lucia({
    async getSessionAndUser(id) {
      if (rows.isDown) throw new Error('the old database is down')
      const row = table.get(id)
      return row ? [row, { id: row.userId, attributes: {} }] : [null, null]
    },
    getUserSessions: async () => [...table.values()],
    setSession: async (row) => void table.set(row.id, row),
    updateSessionExpiration: async () => {},
    deleteSession: async (id) => void table.delete(id),
    deleteUserSessions: async () => {},
    deleteExpiredSessions: async () => {},
  })
  return {
    async login(userId) {
      const { id } = await lucia.createSession(userId, {})
      return [lucia.createSessionCookie(id).serialize()]
    },
    carrier: () =>
      fromSessionTable({
        name: lucia.sessionCookieName,
        read: async (id) => (await lucia.validateSession(id)).session,
        remove: (id) => lucia.invalidateSession(id),
      }),
    keepsData: false,
    livesMs: 30 * DAY_MS,
    rows,
    close: async () => {},
  }
}

type Start = () => Promise<OldApplication>

/** Those whose cookie holds the whole session, by the library's name. */
export const IN_COOKIES: readonly (readonly [library: string, start: Start])[] = [
  ['@fastify/secure-session', onSecureSession],
  ['cookie-session', onCookieSession],
  ['koa-session in a cookie', () => onKoaSession()],
  ['iron-session', onIronSession],
  ['hono-sessions in a cookie', () => onHonoSessions('cookie')],
  ['Auth.js', () => onAuthJs(0)],
  ['Auth.js in several cookies', () => onAuthJs(6000)],
]

/** Those that keep rows. */
export const IN_STORES: readonly (readonly [library: string, start: Start])[] = [
  ['express-session', onExpressSession],
  ['@fastify/session', onFastifySession],
  ['koa-session with a store', () => onKoaSession(new Map())],
  ['hono-sessions with a store', () => onHonoSessions('rows')],
  ['better-auth', onBetterAuth],
  ['Lucia', onLucia],
]
