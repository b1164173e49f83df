import { EventEmitter } from 'node:events'
import { callable } from './callable.ts'
import { Cookie, type SessionCookieOptions } from './cookie.ts'
import { learn, textsOf } from './known.ts'
import { Session } from './session.ts'
import type { Callback, SessionRequest, SessionStore, StoredSession } from './types.ts'

/** The base of stores. A store has `get`, `set` and `destroy`, and may have `touch`, `all`, `length` and `clear`. */
abstract class BaseStore extends EventEmitter implements SessionStore {
  declare generate?: (request: SessionRequest) => void

  abstract get(sid: string, callback: (error?: unknown, session?: StoredSession | null) => void): unknown
  abstract set(sid: string, session: object, callback?: Callback): unknown
  abstract destroy(sid: string, callback?: Callback): unknown

  /** Destroys the session of the request, and gives it a new one. */
  regenerate(request: SessionRequest, callback: Callback): void {
    this.destroy(request.sessionID ?? '', (error) => {
      this.generate?.(request)
      callback(error)
    })
  }

  /** Loads a session without a request, for example for a WebSocket. */
  load(sid: string, callback: (error?: unknown, session?: Session) => void): void {
    this.get(sid, (error, stored) => {
      if (error) return callback(error)
      if (!stored) return callback()
      callback(null, this.createSession({ sessionID: sid, sessionStore: this }, stored))
    })
  }

  createSession(request: SessionRequest, stored: StoredSession): Session {
    return createSession(request, stored)
  }
}

/** Makes what a store returned the session of the request. */
export function createSession(request: SessionRequest, stored: StoredSession): Session {
  const expires = stored.cookie.expires
  const originalMaxAge = stored.cookie.originalMaxAge
  const cookie = new Cookie(stored.cookie as SessionCookieOptions)
  if (typeof expires === 'string') cookie.expires = new Date(expires)
  // Setting `expires` has changed it.
  cookie.originalMaxAge = originalMaxAge
  const session = new Session(request, { ...stored, cookie })
  request.session = session
  const texts = textsOf(session)
  learn(session, { isStored: true, original: texts, texts, saved: null, origin: stored })
  return session
}

export type Store = BaseStore
/** As a base, both `class extends Store` and `Store.call(this)` with `util.inherits` work. */
export const Store: typeof BaseStore = callable(BaseStore)
