import type { DamagedRecord, SessionId, SessionRecord, Tombstone } from './record.ts'

/** A store that can answer synchronously does, which saves each request a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** One atomic edit of one live record. The store applies all of it or nothing. */
export interface Change {
  /** Data keys to write. Each replaces only that key. Values are opaque text: never parse or merge them. */
  readonly set?: Readonly<Record<string, string>>
  /** Data keys to delete. */
  readonly remove?: readonly string[]
  /** The change is a `conflict` unless this key holds exactly this text (`null`: the key is absent). */
  readonly expect?: { readonly key: string; readonly text: string | null }
  /** The `version` of the record from which the change was made. Required with `head` and with `seen`: `conflict` if it differs now. */
  readonly version?: number
  /** Replaces the head, and sets the version to `nextVersion`. */
  readonly head?: SessionRecord['head']
  /** The record's version after this change. Core chooses it, above `version`. Required with `head`. */
  readonly nextVersion?: number
  /**
   * Sets `lastSeenAt` and `expiresAt`, in ms since the epoch. If the record's `lastSeenAt` is later, the store ignores `seen`
   * and applies the rest. With another version it is a `conflict`, because it must not undo a newer limit, and the session
   * would end too early without it.
   */
  readonly seen?: { readonly at: number; readonly expiresAt: number }
}

/** The result of a change. `gone`: there is no live record. If the session was ended, `tombstone` has the reason. */
export type Written =
  | { readonly status: 'written' }
  | { readonly status: 'conflict'; readonly record: SessionRecord }
  | { readonly status: 'gone'; readonly tombstone: Tombstone | null }

/**
 * `timeout`: no answer in time. `open`, `half-open`, `closed`: state of the circuit breaker. `overload`: too many calls in
 * flight. `link-up`, `link-down`: the near cache's bus. `unpublished`: a change was not reported to other nodes. `stale`:
 * reads return data that is older than it should be. `touches-kept`: last-seen times could not be written yet. `failover`:
 * another server took over, and acknowledged writes may be lost. Until a session's token is next replaced, core then raises
 * no alarm over a token that the record does not know, because the record may have lost the token of an honest client.
 */
export type StoreEventKind =
  | 'timeout'
  | 'open'
  | 'half-open'
  | 'closed'
  | 'overload'
  | 'link-up'
  | 'link-down'
  | 'unpublished'
  | 'stale'
  | 'touches-kept'
  | 'failover'

/** The state of a store or its wrapper, for metrics and operators. */
export interface StoreEvent {
  /** The `name` of the store or bus. */
  readonly name: string
  readonly kind: StoreEventKind
  /** The store's method, if there is one. */
  readonly operation?: string
  /** The driver's error, if it is the reason. */
  readonly error?: unknown
}

/** A page of `Store.scan`. */
export interface ScanPage {
  /** About `limit` values. There may be fewer, or none, before the end. */
  readonly values: readonly (SessionRecord | Tombstone | DamagedRecord)[]
  /** The cursor of the next page: printable text that stays valid after this process ends. `null`: there are no more. */
  readonly next: string | null
  /** The approximate total, if the store knows it without counting. */
  readonly total?: number
}

/**
 * The guarantees that a store may lack. Without `ended`, an ended session may still open somewhere, or be restored. Without
 * `lost-update`, parallel changes may undo each other. Without `fresh-token`, a replaced token may still be accepted, or an
 * honest one refused. Without `list`, a user's list may miss sessions, and so may `revokeAll`, `revokeOthers`, `export` and
 * `erase`.
 */
export type Guarantee = 'ended' | 'lost-update' | 'fresh-token' | 'list'

/**
 * Keeps records, with six verbs. Core judges times, secrets and users, so a store only has to keep records atomically. Times
 * are ms since the epoch. Every method may return a value or a promise. It throws or rejects if it cannot answer, and never
 * returns `null` instead (guarantee 7, fail closed).
 *
 * `@sojourn/conformance` contains the cases that each store must pass.
 */
export interface Store {
  /** Name for messages and metrics: `memory`, `lmdb`, `redis`. */
  readonly name: string
  /**
   * The guarantees that the store lacks, each with the reason as a sentence. `createSessions` refuses the store unless the
   * application accepts each by name (`insecureStoreLacks`). Leave it out if the store keeps all. A wrapper passes it on.
   */
  readonly lacks?: Readonly<Partial<Record<Guarantee, string>>>

  /**
   * Returns the record or tombstone under this id, or `null`. A record past its `expiresAt` may still be returned (core
   * refuses it) or be deleted already. The result must reflect every write that any process acknowledged before the call.
   * Changing the returned object must not change the store. Rejects with `ERR_RECORD_DAMAGED` if the record cannot be read.
   */
  read(id: SessionId): MaybePromise<SessionRecord | Tombstone | null>

  /** Inserts a new record, and adds it to the user's list. Returns `false` and changes nothing if the id is taken, even by a tombstone. */
  create(record: SessionRecord): MaybePromise<boolean>

  /** Applies one change to a live record. Never creates a record: an ended or missing session stays that way (guarantee 1). */
  write(id: SessionId, change: Change): MaybePromise<Written>

  /**
   * Ends a live record: replaces it with the tombstone and removes it from the user's list. Returns the record's last state.
   * If there was no live record, returns `null` and changes nothing. If several callers end a record, exactly one gets it.
   * A record that cannot be read is ended too.
   */
  end(id: SessionId, tombstone: Tombstone): MaybePromise<SessionRecord | DamagedRecord | null>

  /**
   * Returns every live record of one user in any order, or `[]`. The time may grow only with that user's sessions. A record
   * that cannot be read is returned as damaged and hides no other, because the user must be able to end all of them.
   */
  list(userId: string): MaybePromise<readonly (SessionRecord | DamagedRecord)[]>

  /**
   * Deletes at most `limit` records and tombstones with `expiresAt` at or before `now`, and returns the count.
   * Leave it out if the server deletes expired records by itself.
   */
  sweep?(now: number, limit: number): MaybePromise<number>

  /**
   * Returns everything, a page at a time, for migrations and backups; never used in a request. `cursor` is `null` at first,
   * then `next` of the last page. Everything that exists from the first page to the last is returned at least once. Values
   * that are created, ended or deleted meanwhile may or may not be. Leave it out if the store cannot enumerate.
   */
  scan?(cursor: string | null, limit: number): MaybePromise<ScanPage>

  /**
   * The same as `read`, but never stale, for stores whose `read` may lag. Core calls it before it refuses a token of a live
   * session, because the token may be newer than the result of `read`, and a refusal would log an honest client out.
   */
  readNow?(id: SessionId): MaybePromise<SessionRecord | Tombstone | null>

  /**
   * Calls the listener with the ids of sessions that another process changed or ended, soon after, until the returned function is
   * called. Messages may be lost, so a caller must also read from time to time. Leave it out if the store hears of no changes.
   */
  watch?(listener: (ids: readonly SessionId[]) => void): () => void

  /**
   * For a store whose reads may return what it read this many milliseconds ago while it cannot be reached (a near cache with
   * `insecureStaleWhileDown`). Core then also relies for that long on what it knows of `endAll`. Leave it out otherwise.
   */
  readonly staleWhileDownMs?: number

  /** Creates tables, directories and indexes. Safe to call again. */
  setup?(): MaybePromise<void>

  /**
   * Reports the store's state to the listener, until the returned function is called. The listener should not throw; the stores of
   * this package print its error. Optional.
   */
  observe?(listener: (event: StoreEvent) => void): () => void

  /** Closes everything that the store opened itself, but no client that the caller passed in. Safe to call again. */
  close(): MaybePromise<void>
}
