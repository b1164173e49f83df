import { answerOf } from '../../stores/connect/sessions-of.ts'
import type { Cookie } from './cookie.ts'
import { knownOf, learn } from './known.ts'
import { begun, endSession, saveSession } from './save.ts'
import type { Callback, SessionRequest } from './types.ts'

/**
 * `req.session`: its own properties are the data. Each verb takes a callback, or returns a promise without one. A failure that
 * nobody awaits is not reported, as in express-session.
 */
export class Session {
  declare readonly id: string
  declare readonly req: SessionRequest
  declare cookie: Cookie;
  [key: string]: unknown

  static {
    // A key that a client chose must not take the methods away.
    const own = { get: (): object => Session.prototype, set(): void {} }
    Object.defineProperty(Session.prototype, '__proto__', own)
  }

  constructor(request: SessionRequest, data?: object | null) {
    Object.defineProperty(this, 'req', { value: request })
    Object.defineProperty(this, 'id', { value: request.sessionID })
    if (typeof data !== 'object' || data === null) return
    // Names of methods, and what every object inherits, must not become data.
    for (const [key, value] of Object.entries(data)) if (!(key in this)) this[key] = value
  }

  /** Starts the time of the cookie again. The middleware calls it for each request. */
  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Stores the changes now. Fails with `ERR_SESSION_ENDED` if the session was destroyed meanwhile. */
  save(callback: Callback): this
  save(): Promise<void>
  save(callback?: Callback): this | Promise<void> {
    // Some stores keep a session longer without storing its cookie anew. They would delete it now.
    if (hasLapsed(this.cookie)) this.touch()
    return answer(this, saveSession(this.req.sessionStore, this), callback)
  }

  /** Replaces `req.session` by what the store has now. */
  reload(callback: Callback): this
  reload(): Promise<void>
  reload(callback?: Callback): this | Promise<void> {
    return answer(this, reload(this), callback)
  }

  /** Ends the session. Requests that are still running cannot bring it back. */
  destroy(callback: Callback): this
  destroy(): Promise<void>
  destroy(callback?: Callback): this | Promise<void> {
    const { req, id } = this
    delete req.session
    return answer(
      this,
      endSession(req.sessionStore, this, (done) => req.sessionStore.destroy(id, done)),
      callback,
    )
  }

  /** Ends the session, and makes `req.session` a new one with another id and no data. Call it at each login. */
  regenerate(callback: Callback): this
  regenerate(): Promise<void>
  regenerate(callback?: Callback): this | Promise<void> {
    const { req } = this
    return answer(
      this,
      endSession(req.sessionStore, this, (done) => req.sessionStore.regenerate(req, done)),
      callback,
    )
  }
}

function answer<Own extends Session>(
  session: Own,
  work: Promise<void>,
  callback: Callback | undefined,
): Own | Promise<void> {
  begun(session.req, work)
  if (callback === undefined) return work
  // What the callback throws must reach the process, and not this promise.
  work.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  )
  return session
}

function hasLapsed({ expires, originalMaxAge }: Cookie): boolean {
  return expires instanceof Date && expires.valueOf() <= Date.now() && Number(originalMaxAge) > 0
}

async function reload(session: Session): Promise<void> {
  const { req, id } = session
  const stored = await answerOf((done: Parameters<SessionRequest['sessionStore']['get']>[1]) =>
    req.sessionStore.get(id, done),
  )
  if (!stored) throw new Error('failed to load session')
  const loaded = req.sessionStore.createSession(req, stored)
  if (knownOf(session).saved !== null) learn(loaded, { saved: knownOf(loaded).texts })
}
