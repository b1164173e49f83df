import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { State } from '../../src/core/request/state.ts'
import type { Facts } from './facts.ts'
import type { SlowRequest, Verb } from './run.ts'

export type Kept = SessionRecord | Tombstone
export type Records = ReadonlyMap<SessionId, Kept>

/** The change of the browser's cookie: a token, `clear`, or nothing. */
export type Answer = { readonly token: string } | 'clear' | null

/** One request under way. It is replaced, never changed: several worlds share it. */
export interface Request {
  readonly verb: Verb
  readonly bounds: SlowRequest
  /** The cookie of the moment it was sent. */
  readonly token: string | null
  readonly phase: 'sent' | 'open' | 'ran' | 'answered'
  /** When this phase began, in ticks. */
  readonly since: number
  readonly openedAt: number
  readonly node: number
  /** Core's own, from opening to the commit. */
  readonly state: State | null
  readonly answer: Answer
  /** Whether this request did what its verb says. */
  readonly succeeded: boolean
}

/** The replaced records that a node's near cache may still return. */
export interface Past {
  readonly id: SessionId
  readonly value: Kept
  readonly replacedAt: number
  readonly nodes: readonly number[]
}

/** Everything there is at one moment. Immutable. */
export interface World {
  /** Ticks. */
  readonly now: number
  readonly records: Records
  readonly past: readonly Past[]
  /** The store before the last write it acknowledged. */
  readonly before: { readonly records: Records; readonly facts: Facts } | null
  readonly failedOver: boolean
  /** The browser's cookie, and the one before it, which a crash may bring back. */
  readonly jar: string | null
  readonly disk: { readonly token: string | null; readonly replacedAt: number } | null
  readonly crashed: boolean
  readonly requests: readonly Request[]
  /** The thief's tokens, newest first. */
  readonly loot: readonly string[]
  readonly thiefRotations: number
  readonly facts: Facts
}
