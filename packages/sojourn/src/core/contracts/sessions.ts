import type { RequestView } from './carrier.ts'
import type { SessionEventName, SessionListener } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { JsonValue } from './json.ts'
import type { EndReason, SessionId } from './record.ts'
import type { Session, SessionInfo } from './session.ts'
import type { MaybePromise, Store } from './store.ts'

/** Everything held about one user, as JSON: for a copy on request (GDPR Art. 15, 20). */
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
  /** `null` when sealed: only the client's own token opens it. */
  readonly data: Readonly<Record<string, JsonValue>> | null
  /** Messages waiting for their one read. */
  readonly flash: Readonly<Record<string, JsonValue>> | null
}

/** What `createSessions` gives: one for an application. */
export interface Sessions<Data extends object> {
  /** For adapters: one call a request. Rejects with `ERR_STORE` when the store cannot answer, never with what a client caused. */
  open(view: RequestView): MaybePromise<Exchange<Data>>
  /** For adapters: lets `get` find this session by the framework's own object. */
  attach(target: object, session: Session<Data>): void
  /** For adapters: whether one of these sessions is attached already. Then the adapter is mounted twice, and must not open again. */
  has(target: object): boolean
  /** The session of a framework's request (Express, Fastify, Connect) or context (Hono), exactly typed. `ERR_NO_SESSION` without the adapter. */
  get(target: object): Session<Data>

  /** A user's live sessions, most recently seen first. */
  list(userId: string): Promise<SessionInfo[]>
  /** Ends one session by id; `false` when it was not live. */
  revoke(id: string, reason?: EndReason): Promise<boolean>
  /** Ends a user's sessions, all but `except`; answers how many. */
  revokeAll(userId: string, options?: { readonly except?: string; readonly reason?: EndReason }): Promise<number>
  /** Everything held about one user. */
  export(userId: string): Promise<UserExport>
  /** Deletes everything held about one user; answers how many sessions that ended. Tombstones name nobody. */
  erase(userId: string): Promise<number>
  /** Deletes what has expired, in batches that let requests through; answers how many. Runs by itself where the runtime has background timers. */
  sweep(): Promise<number>

  /** Listens; the answer stops listening. */
  on<Name extends SessionEventName>(name: Name, listener: SessionListener<Name>): () => void

  /** The store in use, for `setup`, `backup` and the like. */
  readonly store: Store
  /** Stops the sweep and closes the store. */
  close(): Promise<void>
}
