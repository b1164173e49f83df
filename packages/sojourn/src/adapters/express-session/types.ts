import type { NodeRequest } from '../_node-types.ts'
import type { CookieData } from './cookie.ts'
import type { ParsedCookies, Secret } from './signed-cookie.ts'

export type Callback = (error?: unknown) => void

/** A session as a store keeps it. */
export interface StoredSession {
  readonly cookie: CookieData
  readonly [key: string]: unknown
}

/** A store made for express-session, with the members that the middleware uses. */
export interface SessionStore {
  get(sid: string, callback: (error?: unknown, session?: StoredSession | null) => void): unknown
  set(sid: string, session: object, callback: Callback): unknown
  destroy(sid: string, callback: Callback): unknown
  /** Makes the store keep the session longer, without its data. */
  touch?(sid: string, session: object, callback: Callback): unknown
  regenerate(request: SessionRequest, callback: Callback): unknown
  createSession(request: SessionRequest, stored: StoredSession): object
  /** Set by the middleware: gives the request a new session. */
  generate?(request: SessionRequest): void
  on?(event: string, listener: () => void): unknown
  /** Whether `set` stores only what the request changed, and never a session that was destroyed. */
  readonly merges?: boolean
}

/** What the middleware adds to a request. */
export interface SessionRequest {
  session?: object | null | undefined
  sessionID?: string | undefined
  sessionStore: SessionStore
}

/** A request as the middleware gets it. */
export interface IncomingRequest extends NodeRequest, ParsedCookies, Partial<SessionRequest> {
  readonly secure?: boolean
  /** Set by cookie-parser. Used if there is no option `secret`. */
  readonly secret?: Secret
}
