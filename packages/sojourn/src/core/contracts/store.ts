import type { DamagedRecord, SessionId, SessionRecord, Tombstone } from './record.ts'

/** Stores that can answer at once do, and spare each request a turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>

/** One atomic edit of one live record. Everything asked for happens, or nothing. */
export interface Change {
  /** Data keys to write, each replacing that key alone. Values are opaque text: never parse or merge them. */
  readonly set?: Readonly<Record<string, string>>
  /** Data keys to delete. */
  readonly remove?: readonly string[]
  /** Refuse the change as `conflict` unless this key holds exactly this text (`null`: the key is absent). */
  readonly expect?: { readonly key: string; readonly text: string | null }
  /** The `version` of the record this change was made from. Needed with `head` and with `seen`: `conflict` when it is another now. */
  readonly version?: number
  /** Replaces the head, and the version by `nextVersion`. */
  readonly head?: SessionRecord['head']
  /** The record's version after this change: above `version`, by a step that core chooses. Needed with `head`. */
  readonly nextVersion?: number
  /**
   * Moves `lastSeenAt` and `expiresAt`. Left out, never a reason to refuse, when the record's `lastSeenAt` is later. With
   * another version it is a conflict: it must not undo a newer limit, and the session would end too early without it.
   */
  readonly seen?: { readonly at: number; readonly expiresAt: number }
}

/** What came of a change. `gone`: no live record (never there, swept, or ended: then the tombstone says why). */
export type Written =
  | { readonly status: 'written' }
  | { readonly status: 'conflict'; readonly record: SessionRecord }
  | { readonly status: 'gone'; readonly tombstone: Tombstone | null }

/**
 * `timeout`: no answer in time. `open`, `half-open`, `closed`: the circuit breaker. `overload`: too many calls in flight.
 * `link-up`, `link-down`: the near cache's bus. `unpublished`: other nodes were not told of a change. `stale`: reads are
 * answered with what is older than it should be. `touches-kept`: last-seen times could not be written yet.
 * `failover`: another server took over, and writes that were acknowledged before may be lost. Core then raises no alarm
 * over a token that the record does not know, until that session's token is next replaced: the record may have
 * forgotten the token that an honest client was given.
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

/** How a store, or what stands around one, is doing: for metrics and for operators. */
export interface StoreEvent {
  /** The `name` of the store or bus that it is about. */
  readonly name: string
  readonly kind: StoreEventKind
  /** The store's verb, where there is one. */
  readonly operation?: string
  /** What the driver said, where it is the reason. */
  readonly error?: unknown
}

/** A page of `Store.scan`. */
export interface ScanPage {
  /** About as many as were asked for. May be fewer, or none, before the end. */
  readonly values: readonly (SessionRecord | Tombstone | DamagedRecord)[]
  /** Where to go on: printable text that outlives this process. `null`: that was all. */
  readonly next: string | null
  /** About how many there are in all, when the store knows without counting them. */
  readonly total?: number
}

/**
 * What a store can be unable to promise. `ended`: an ended session may still open somewhere, or be written back.
 * `lost-update`: parallel changes may undo each other. `fresh-token`: a replaced token may go on, or an honest one be
 * refused. `list`: a user's list may miss sessions, and with it `revokeAll`, `revokeOthers`, `export` and `erase`.
 */
export type Guarantee = 'ended' | 'lost-update' | 'fresh-token' | 'list'

/**
 * Where records live. Six verbs; core judges times, secrets and users, so a store only has to keep,
 * and to keep atomically. Every method may answer at once or with a promise, and rejects when it
 * cannot answer: it never says `null` for "I do not know" (guarantee 7, fail closed).
 *
 * `@sojourn/conformance` holds the cases that each store must pass.
 */
export interface Store {
  /** For messages and metrics: `memory`, `lmdb`, `redis`. */
  readonly name: string
  /**
   * What it cannot promise, each with the reason, a sentence. `createSessions` refuses it unless the application accepts
   * each by name (`insecureStoreLacks`). Left out by stores that promise everything; a store around another passes it on.
   */
  readonly lacks?: Readonly<Partial<Record<Guarantee, string>>>

  /**
   * The record or tombstone under this id, or `null`. What is past its `expiresAt` may still be
   * returned (core refuses it) or be gone already. The answer must reflect every write that was
   * acknowledged before the call, by any process, and changing it must not change the store.
   * Rejects with `ERR_RECORD_DAMAGED` when something is there that cannot be read.
   */
  read(id: SessionId): MaybePromise<SessionRecord | Tombstone | null>

  /** Inserts a new record and its place in the user's list. `false`, changing nothing, when the id is taken, be it by a tombstone. */
  create(record: SessionRecord): MaybePromise<boolean>

  /** Applies one change to a live record. Never creates: an ended or missing session stays so (guarantee 1). */
  write(id: SessionId, change: Change): MaybePromise<Written>

  /**
   * Ends a live record: the tombstone takes its place and the user's list forgets it. Answers with the
   * record's last state, or `null`, changing nothing, when there was no live record. Of several callers exactly one gets the record.
   * A record that cannot be read is ended too.
   */
  end(id: SessionId, tombstone: Tombstone): MaybePromise<SessionRecord | DamagedRecord | null>

  /**
   * Every live record of one user, in no order, `[]` for none; in time that grows with that user's sessions only. One that cannot
   * be read is named, and hides no other: the user must be able to end them all.
   */
  list(userId: string): MaybePromise<readonly (SessionRecord | DamagedRecord)[]>

  /**
   * Deletes at most `limit` records and tombstones with `expiresAt` at or before `now` and answers how many.
   * Left out by stores whose server expires by itself.
   */
  sweep?(now: number, limit: number): MaybePromise<number>

  /**
   * Everything there is, a page at a time, for moving house and for backups; never in a request. `cursor` is `null` at first, then the
   * last page's `next`. What is there from the first page to the last comes at least once; what is made, ended or deleted meanwhile
   * may come or not. Left out by stores that cannot enumerate.
   */
  scan?(cursor: string | null, limit: number): MaybePromise<ScanPage>

  /**
   * For stores whose `read` may be a moment behind: the same, as it is now. Core asks before it refuses a token of a session that
   * is live, for the token may be newer than what `read` knew, and taking it for an old one would log an honest client out.
   */
  readNow?(id: SessionId): MaybePromise<SessionRecord | Tombstone | null>

  /** Creates tables, directories, indexes. Safe to call again. */
  setup?(): MaybePromise<void>

  /** Tells the listener, which must not throw, how the store is doing, until the answer is called. For stores that have something to tell. */
  observe?(listener: (event: StoreEvent) => void): () => void

  /** Lets go of what the store opened itself; never of a client that the caller passed in. Safe to call again. */
  close(): MaybePromise<void>
}
