import type { Carrier, HeaderChange, RequestView } from './carrier.ts'
import type { Device, EndReason, SessionId } from './record.ts'
import type { Refusal, SessionInfo } from './session.ts'
import type { Guarantee, MaybePromise } from './store.ts'

/** A response that replaces the handler's: a refusal, a redirect, a response that a protocol requires. */
export interface Answer {
  /** HTTP status of the response, from 200 to 599. */
  readonly status: number
  /** Stable word for logs and tests: `cross-origin`. */
  readonly reason: string
  /** What happened and what to do, for the reader of the response. It is the plain-text body unless `body` is set. */
  readonly message: string
  /** Headers by lower-case name. Without `cache-control`, no cache keeps the response. */
  readonly headers?: Readonly<Record<string, string>>
  /** The body. Also set `content-type` in `headers`. */
  readonly body?: string
}

/** A request before the store is read. */
export interface Incoming {
  readonly view: RequestView
  /** The carrier of this request: the first on which the client presents anything, or else the last one. */
  readonly carrier: Carrier
  /** Whether the client presents anything on this carrier. */
  readonly presents: boolean
}

/** What is known of a session whose token was refused. */
export interface RefusedSession {
  readonly id: SessionId
  /** The user of a session that is still live (`reused`, `superseded`, `withheld`), `null` otherwise. */
  readonly userId: string | null
  /** Why and when it ended. `null` if it is still live, or not known. */
  readonly endReason: EndReason | null
  readonly endedAt: Date | null
}

/** What a guard sees of the session: never a token, a secret or data. Without a stored session, `id` is `null`. */
export interface Sight extends Incoming {
  /** The time of the sessions' clock. */
  readonly now: Date
  readonly id: SessionId | null
  readonly userId: string | null
  /** Why the presented token was refused. */
  readonly refused: Refusal | null
  /** The session that the refused token names. `null` if it names none, or no token was refused. */
  readonly refusedSession: RefusedSession | null
  readonly createdAt: Date | null
  readonly lastSeenAt: Date | null
  /** When the user last proved their identity. `null` for anonymous and for distrusted sessions. */
  readonly authenticatedAt: Date | null
  readonly methods: readonly string[]
  readonly assurance: string | null
  /** When an old token of this session was last presented after its grace, if no renewal was confirmed since (`reuse`). */
  readonly reusedAt: Date | null
  readonly device: Device | null
  /** The text that this guard last stored with this session. `null` while a session that is vouched for was not read. */
  readonly note: string | null
  /**
   * Returns a MAC of the text (HMAC-SHA-256 in base64url) under a key that only this session and this guard have. The key is
   * derived from the client's token and is not stored. It stays the same until the next login. `null` without a stored session,
   * and if a carrier vouches for the session.
   */
  mac(text: string): string | null
}

/** A session at its login, stored but not handed out yet. */
export interface LoginSight extends Sight {
  /** The sessions that this login is about to end, because the client presented their tokens. */
  readonly replaces: readonly SessionId[]
  /** The user's live sessions, as `sessions.list` returns them. This one is `current`, so parallel logins see each other. */
  list(): Promise<readonly SessionInfo[]>
}

/** Something that a guard noticed. It becomes the event `finding`. */
export interface Finding {
  /** Stable word: `new-network`. */
  readonly finding: string
  /** How sure the guard is, from 0 to 1. Default: not stated. */
  readonly score?: number
  /** What the guard saw and what it means, for a person. It must contain no token and no session data. */
  readonly message: string
}

/** What `opened` decides. Everything is optional, and `null` means that there is nothing to do. */
export interface Ruling {
  /** Replaces the handler's response. A `note` of the same ruling is stored before the response is sent. */
  readonly answer?: Answer
  /** Ends the session for this reason. The request continues anonymously, with `refused: 'ended'`. */
  readonly end?: EndReason
  /**
   * The request continues anonymously, with `refused: 'withheld'`. The session stays, and opens in requests that the guard lets
   * through. A login or a logout of this request ends it. Notes of this request are not stored.
   */
  readonly withhold?: boolean
  /**
   * Stops trusting the proof of identity: `authenticatedAt` is `null`, `methods` is empty and `authenticatedWithin` returns
   * `false` until `reauthenticated`. The user stays logged in.
   */
  readonly distrust?: boolean
  /**
   * Text to store with the session, for this guard only; `null` removes it. It is stored in the request's one write, encrypted
   * if the data is, and ends with the session. If a parallel request changed it meanwhile, that text stays.
   */
  readonly note?: string | null
  /**
   * Locks the session for handlers, for a check that needs the body: until the guard calls `unlock` of `sojourn/guards/kit`, every
   * use of the session throws `ERR_DENIED` with this text.
   */
  readonly lock?: string
  readonly report?: Finding
}

/** What `login` decides. */
export interface LoginRuling extends Pick<Ruling, 'note' | 'report'> {
  /** Refuses the login: `session.login` throws `ERR_LOGIN_REFUSED` with this text, and the user keeps the session they had. */
  readonly refuse?: string
  /** Ends these sessions, with the guard's name as the reason, before the login succeeds. */
  readonly end?: readonly SessionId[]
}

/** What a request did to the session, for `leaving`. */
export type Did = 'nothing' | 'login' | 'rotate' | 'logout'

/** The sessions that a guard belongs to, for functions of `sojourn/guards/kit`. */
export type GuardOwner = object

/**
 * Code that runs on each request at up to four moments. Leave out the moments that you do not need. Return a value rather than
 * a promise if you can: then the request stays synchronous.
 *
 * ```ts
 * const oneNetwork: Guard = {
 *   name: 'one-network',
 *   opened: ({ view, note }) =>
 *     note === null ? { note: view.peer ?? '' } : note === view.peer ? null : { distrust: true, note: view.peer ?? '' },
 * }
 * ```
 */
export interface Guard {
  /** Unique name, for messages and notes: `cross-origin`. */
  readonly name: string
  /**
   * If a moment throws or rejects: `'deny'` (default) fails the request with `ERR_GUARD`, `'allow'` continues as if the guard
   * had nothing to say. Each failure is a `fault`.
   */
  readonly whenDown?: 'deny' | 'allow'
  /**
   * Paths of a protocol's own, as received. `opened` must answer every request to them, so that no handler runs. The cross-origin
   * check lets these requests through, so they must not do anything in the name of the session's user. `createSessions` asks guards
   * with endpoints before the others.
   */
  readonly endpoints?: readonly string[]
  /**
   * What the guard needs from the store. If the store lacks one of these, `createSessions` throws `ERR_UNSUPPORTED`. Default:
   * nothing.
   */
  readonly needs?: readonly Guarantee[]
  /**
   * Whether `sessions.export` shows this guard's note to the user. Set it only if the note tells nobody how to get past the guard,
   * because a thief who has the session can export too. Default `false`.
   */
  readonly exportsNote?: boolean
  /**
   * Called once by `createSessions`, for a guard that also acts on sessions that are not the request's own. Functions of
   * `sojourn/guards/kit` take the owner.
   */
  joined?(owner: GuardOwner): void
  /** Before the store is read, on every request. Returns the answer to a request that must not reach a handler. */
  check?(incoming: Incoming): MaybePromise<Answer | null>
  /** After the token was judged and before the handler, on every request. */
  opened?(sight: Sight): MaybePromise<Ruling | null>
  /** During a login: the new session is stored, its token is not handed out, and the old session has not ended. */
  login?(sight: LoginSight): MaybePromise<LoginRuling | null>
  /** When the response begins. Returns headers to add. If it throws, the headers are missing and the response is sent. */
  leaving?(sight: Sight, did: Did): readonly HeaderChange[]
}
