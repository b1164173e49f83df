import { SessionError } from '../core/contracts/errors.ts'
import { answerOf } from '../stores/connect/sessions-of.ts'
import { HeldResponse } from './_held-response.ts'
import type { Next, NodeRequest, NodeResponse } from './_node-types.ts'
import { Cookie } from './express-session/cookie.ts'
import { knownOf, learn } from './express-session/known.ts'
import { MemoryStore } from './express-session/memory-store.ts'
import { isSecure, type SessionOptions, type Settings, toSettings } from './express-session/options.ts'
import { SessionResponse } from './express-session/response.ts'
import { Session } from './express-session/session.ts'
import { readId } from './express-session/signed-cookie.ts'
import { createSession, Store } from './express-session/store.ts'
import type { IncomingRequest, SessionRequest, StoredSession } from './express-session/types.ts'

export type { ExpressStore } from '../stores/connect/sessions-of.ts'
export type { CookieData, SessionCookieOptions } from './express-session/cookie.ts'
export type { SessionOptions } from './express-session/options.ts'
export type { Secret } from './express-session/signed-cookie.ts'
export type { Callback, IncomingRequest, SessionRequest, SessionStore, StoredSession } from './express-session/types.ts'
export { Cookie, MemoryStore, Session, Store }

export type ExpressSessionMiddleware = (request: NodeRequest, response: NodeResponse, next: Next) => void

interface ExpressSession {
  (options?: SessionOptions): ExpressSessionMiddleware
  readonly Cookie: typeof Cookie
  readonly MemoryStore: typeof MemoryStore
  readonly Session: typeof Session
  readonly Store: typeof Store
}

/**
 * The API of express-session, for applications that were written for it:
 *
 * ```ts
 * app.use(session({ secret, store, resave: false, saveUninitialized: false }))
 * ```
 *
 * Options, cookies and stored sessions are those of express-session, so nobody is logged out by the change of the import. Unlike
 * express-session, a destroyed session stays destroyed, requests that change different keys both keep their changes, the response
 * leaves after the session is stored, and each verb returns a promise if it gets no callback. `store` may also be a Sojourn store.
 */
const session: ExpressSession = Object.assign(createMiddleware, { Cookie, MemoryStore, Session, Store })

// `require` returns the function itself, and `import session from` gets it as with express-session.
// biome-ignore lint/style/noDefaultExport: applications change one import only
export { session as default, session as 'module.exports' }

function createMiddleware(options?: SessionOptions): ExpressSessionMiddleware {
  const settings = toSettings(options ?? {})
  const { store } = settings
  // Several middlewares may share a store, and each request gets the sessions of its own one.
  const generateOne = (request: SessionRequest): void =>
    generate(opened.get(request) ?? settings, request as IncomingRequest & SessionRequest)
  store.generate = generateOne
  // A store may come from express-session's own base, whose sessions keep no promise of ours.
  if (!(store instanceof Store)) store.createSession = createSession
  let isReady = true
  store.on?.('disconnect', () => {
    isReady = false
  })
  store.on?.('connect', () => {
    isReady = true
  })

  return (given, response, next) => {
    const request: IncomingRequest = given
    // As in express-session, requests without a session go on: another one is mounted, the store is away, or another path.
    if (request.session || !isReady || !isInPath(request, settings)) return next()
    if (settings.secretsOf(request).length === 0) {
      return next(new SessionError('ERR_OPTION', 'secret option required for sessions'))
    }
    open(settings, Object.assign(request, { sessionStore: store }), response, next)
  }
}

/** The settings of the middleware that opened the request's session. */
const opened = new WeakMap<object, Settings>()

function open(settings: Settings, request: IncomingRequest & SessionRequest, response: NodeResponse, next: Next): void {
  const sentId = readId(request, settings.name, settings.secretsOf(request))
  const begin = (): void => {
    new HeldResponse(response, new SessionResponse(request, response, next, settings, sentId), next)
    next()
  }
  opened.set(request, settings)
  request.sessionID = sentId
  if (sentId === undefined) {
    generate(settings, request)
    begin()
    return
  }
  load(settings, request, sentId).then(
    // What the application throws must reach the process, and not this promise.
    () => process.nextTick(begin),
    (error: unknown) => process.nextTick(next, error),
  )
}

async function load(settings: Settings, request: IncomingRequest & SessionRequest, id: string): Promise<void> {
  const stored = await answerOf<StoredSession | null>((done) => settings.store.get(id, done))
  if (stored) inflate(settings, request, stored)
  else generate(settings, request)
}

function inflate({ resave }: Settings, request: SessionRequest, stored: StoredSession): void {
  const loaded = request.sessionStore.createSession(request, stored)
  if (!resave) learn(loaded, { saved: knownOf(loaded).texts })
}

function generate(settings: Settings, request: IncomingRequest & SessionRequest): void {
  request.sessionID = settings.newId(request)
  const fresh = new Session(request)
  const options = settings.cookieOf(request)
  const cookie = new Cookie(options)
  const secure = isSecure(request, settings.proxy)
  if (options.secure === 'auto') cookie.secure = secure
  if (options.sameSite === 'auto') cookie.sameSite = secure ? 'none' : 'lax'
  fresh.cookie = cookie
  request.session = fresh
}

function isInPath(request: IncomingRequest, settings: Settings): boolean {
  const [target = ''] = (request.originalUrl || request.url || '').split(/[?#]/, 1)
  // A client of a proxy may send the whole URL.
  const path = target.replace(/^https?:\/\/[^/]*/i, '') || '/'
  return path.startsWith(settings.cookieOf(request).path || '/')
}
