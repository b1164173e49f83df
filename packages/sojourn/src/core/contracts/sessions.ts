import type { RequestView } from './carrier.ts'
import type { Duration } from './duration.ts'
import type { SessionErrorCode } from './errors.ts'
import type { SessionEventName, SessionListener } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { JsonValue } from './json.ts'
import type { EndReason, SessionId } from './record.ts'
import type { Session, SessionInfo } from './session.ts'
import type { MaybePromise, Store } from './store.ts'

/** Everything stored about one user, as JSON, for a copy on request (GDPR Art. 15, 20). */
export interface UserExport {
  readonly userId: string
  readonly exportedAt: string
  readonly sessions: readonly ExportedSession[]
}

/** One session of a user. Times are ISO 8601. */
export interface ExportedSession {
  readonly id: SessionId
  readonly createdAt: string
  readonly lastSeenAt: string
  readonly expiresAt: string
  readonly authenticatedAt: string | null
  readonly methods: readonly string[]
  readonly assurance: string | null
  readonly device: { readonly name: string | null; readonly ip: string | null } | null
  /** `null` if sealed, because only the client's own token opens it. */
  readonly data: Readonly<Record<string, JsonValue>> | null
  /** Flash values that were not read yet; `null` if sealed. */
  readonly flash: Readonly<Record<string, JsonValue>> | null
  /** Notes of guards with `exportsNote`, by the name of the guard; `null` if sealed. */
  readonly notes: Readonly<Record<string, string>> | null
}

/** A session of any user, as `sessions.scan` shows it. */
export interface ScannedSession extends SessionInfo {
  readonly userId: string | null
}

/** A page of `sessions.scan`. */
export interface SessionPage {
  readonly sessions: readonly ScannedSession[]
  /** The cursor of the next page: printable text that stays valid after this process ends. `null`: there are no more. */
  readonly next: string | null
  /** How many values the store holds, about, if it knows that without counting. Includes what has ended. */
  readonly total: number | null
}

/** What `sessions.health` found out. */
export interface Health {
  /** Whether the store answered in time. */
  readonly ok: boolean
  /** The name of the store. */
  readonly store: string
  /** How long the question took, in ms. */
  readonly latencyMs: number
  /** Why it is not `ok`: `ERR_STORE`, `ERR_STORE_TIMEOUT`, ... */
  readonly code?: SessionErrorCode
}

export interface HealthOptions {
  /** How long to wait for the store. Default `'1s'`. */
  readonly timeout?: Duration | undefined
}

/** Options of the methods that report a change of an account. */
export interface KeepOptions {
  /**
   * The session in which the user made the change, after proof of who they are. Pass the session of the request
   * (`req.session`): it gets a new token with this response, and its old one stops at once. With only its id, it gets the new
   * token at its next request, as in a renewal, so whoever has a copy of the old one gets it too. Default: none.
   */
  readonly keep?: Session<object> | string | undefined
}

/** What `sessions.endAll` resolves with: all sessions have ended. */
export interface EndedAll {
  /**
   * Resolves with the number of records that were ended in the store, once that is done, and rejects if it failed. Nobody has to
   * wait for it: `sessions.sweep` continues. 0 if the store cannot enumerate.
   */
  readonly removed: Promise<number>
}

/** The result of `createSessions`. An application has one. */
export interface Sessions<Data extends object> {
  /** For adapters: call it once for each request. Rejects with `ERR_STORE` if the store cannot answer, never because of a client. */
  open(view: RequestView): MaybePromise<Exchange<Data>>
  /** For adapters: makes the session available to `get` under the framework's own object. */
  attach(target: object, session: Session<Data>): void
  /**
   * For adapters: whether one of these sessions is attached already, and its response has not begun. If so, the adapter is
   * mounted twice and must not open again.
   */
  has(target: object): boolean
  /**
   * Returns the session of a framework's request (Express, Fastify, Connect) or context (Hono), exactly typed. Throws
   * `ERR_NO_SESSION` if no adapter ran before.
   */
  get(target: object): Session<Data>

  /** Returns a user's live sessions, most recently seen first. */
  list(userId: string): Promise<SessionInfo[]>
  /**
   * Returns all live sessions, a page at a time, in no order, for administrators and jobs. `cursor`: `null` at first, then
   * `next` of the page before. `limit`: about how many, from 1 to 1000, default 100; a page may have fewer, or none, before
   * the end. A session that is there from the first page to the last appears at least once. Throws `ERR_UNSUPPORTED` if the
   * store cannot enumerate, `ERR_OPTION` for a wrong cursor or limit, `ERR_STORE`.
   *
   * ```ts
   * for (let cursor: string | null | undefined; cursor !== null; ) {
   *   const page = await sessions.scan(cursor)
   *   for (const { id, userId } of page.sessions) console.log(id, userId)
   *   cursor = page.next
   * }
   * ```
   */
  scan(cursor?: string | null, limit?: number): Promise<SessionPage>
  /**
   * All live sessions, one after the other, read through `scan`. Each loop over it reads them again. Throws as `scan` does.
   *
   * ```ts
   * for await (const { id, userId } of sessions.all()) console.log(id, userId)
   * ```
   */
  all(): AsyncIterable<ScannedSession>
  /**
   * Resolves with the number of live sessions. Reads all of them, so call it for a report and not in each request. Throws as
   * `scan` does.
   */
  count(): Promise<number>
  /**
   * Calls `ended` once when this session ends, with the reason: `logout`, `revoked`, ..., or `expired`. For open sockets and
   * streams. At once if this process ends the session. An end by another process, and expiry, are found by asking the store:
   * at most 100 sessions a second, so up to 100 watched sessions are known within about a second, 5000 within fifty.
   * A near cache with a bus answers this from memory. Where the runtime has no background timers, only ends by this process
   * are noticed. Returns a function that stops watching.
   *
   * ```ts
   * const stop = sessions.watch(session.id, () => socket.close(4401))
   * socket.on('close', stop)
   * ```
   */
  watch(id: SessionId, ended: (reason: EndReason) => void): () => void
  /** Ends one session by its id. Resolves with `false` if it was not live. */
  revoke(id: string, reason?: EndReason): Promise<boolean>
  /** Ends all sessions of a user except `except`. Resolves with the count. */
  revokeAll(userId: string, options?: { readonly except?: string; readonly reason?: EndReason }): Promise<number>
  /**
   * Ends all sessions of all users, in every process. When it resolves, after about two seconds, no request opens a session that
   * existed when it was called. The stored records end afterwards, in the background. Call it again if it rejects. Throws
   * `ERR_UNSUPPORTED` if the store may lose writes or return old values, and `ERR_STORE`.
   *
   * ```ts
   * const { removed } = await sessions.endAll({ reason: 'incident' })
   * console.log(await removed)
   * ```
   */
  endAll(options?: { readonly reason?: EndReason }): Promise<EndedAll>
  /**
   * Call it after the user's password changed, also after a reset: ends all of their sessions except `keep`, which gets a new
   * token (ASVS 5.0 7.4.3). Resolves with the number of sessions that ended. If it rejects, call it again: it ends what is left.
   * Sessions that begin later are not affected; `docs/how-to/when-an-account-changes.md` says what holds for a login at the
   * same moment. Throws `ERR_OPTION`, `ERR_STORE`; for `keep` also `ERR_SESSION_ENDED` and `ERR_HEADERS_SENT`, after the others
   * ended.
   *
   * ```ts
   * await setPassword(userId, req.body.password)
   * await sessions.passwordChanged(userId, { keep: req.session })
   * ```
   */
  passwordChanged(userId: string, options?: KeepOptions): Promise<number>
  /** Call it after another factor was added, removed or reset: a passkey, an authenticator, recovery codes. As `passwordChanged`. */
  factorChanged(userId: string, options?: KeepOptions): Promise<number>
  /**
   * Call it after the e-mail address or telephone number changed, with which the account can be recovered. Nobody is logged
   * out, because a thief who changed it would then log the user out. All sessions except `keep` get a new token at their next
   * request, and must prove who the user is before anything that requires a recent proof. Resolves with their number. Throws as
   * `passwordChanged`.
   */
  emailChanged(userId: string, options?: KeepOptions): Promise<number>
  /** Call it after the user got or lost rights. As `emailChanged`. */
  roleChanged(userId: string, options?: KeepOptions): Promise<number>
  /** Call it after logins of the account were disabled: ends all of its sessions (ASVS 5.0 7.4.2). As `passwordChanged`. */
  accountDisabled(userId: string): Promise<number>
  /** Call it after the account was deleted: ends all of its sessions and deletes what is stored about it, as `erase`. */
  accountDeleted(userId: string): Promise<number>
  /** Returns everything stored about one user. */
  export(userId: string): Promise<UserExport>
  /** Deletes everything stored about one user. Resolves with the number of ended sessions. Tombstones name nobody. */
  erase(userId: string): Promise<number>
  /**
   * Deletes expired records in batches, so that requests run in between. Resolves with the count. Runs automatically if the
   * runtime has background timers. A call also ends the records that an interrupted `endAll` has left.
   */
  sweep(): Promise<number>

  /**
   * Listens to an event, or to all (`'*'`). The returned function stops listening. Throws `ERR_OPTION` for an unknown event.
   *
   * ```ts
   * const stop = sessions.on('*', (event) => console.log(event.type, event.request?.path))
   * ```
   */
  on<Name extends SessionEventName | '*'>(name: Name, listener: SessionListener<Name>): () => void

  /**
   * Prepares the store (tables, indexes, directories) and reads from it. Call it when the application starts: it rejects if the
   * store cannot be reached. Safe to call again.
   */
  setup(): Promise<void>
  /**
   * Asks the store a small question, for a health check. Resolves also if the store is down, and within the time limit.
   *
   * ```ts
   * const health = await sessions.health()
   * res.status(health.ok ? 200 : 503).json(health)
   * ```
   */
  health(options?: HealthOptions): Promise<Health>

  /** The store in use, such as for `setup` and `backup`. */
  readonly store: Store
  /** Stops the sweep and closes the store. Later calls throw `ERR_CLOSED`. */
  close(): Promise<void>
}
