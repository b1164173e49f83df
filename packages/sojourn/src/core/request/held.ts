import type { SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { MaybePromise } from '../contracts/store.ts'
import type { Limits } from '../contracts/timeouts.ts'
import type { Vault } from '../data/vault.ts'
import { hashSecret, isStanding, judge, type Standing, type TokenParts } from '../token/token.ts'

/** The result for one presented text. */
export type Found = Live | Vouched | Dead
export interface Live {
  readonly kind: 'live'
  readonly parts: TokenParts
  readonly record: SessionRecord
  readonly standing: Standing
}
/** A session that a carrier vouches for. */
export interface Vouched extends Omit<Live, 'standing'> {
  readonly standing: 'vouched'
  /** Continues the request with it. */
  take(): MaybePromise<void>
  /** If the record was not read: reads and judges it. */
  readonly read?: () => MaybePromise<Found>
}
export interface Dead {
  readonly kind: 'dead'
  readonly refusal: Refusal
  readonly id: SessionId | null
  /** Whether the client received a newer token moments ago. Then this request must not begin a session that would replace it. */
  readonly isOvertaken?: boolean
  /** With `reused`, `superseded` and `withheld`: the session concerned. */
  readonly record?: SessionRecord
  /** With `ended`, if the store still has it. */
  readonly tombstone?: Tombstone
}

/**
 * The stored session that a request works on. Always complete and never changed: a request that learns something new makes
 * another one.
 */
export interface Held {
  /** As last read: another process may have changed it since. */
  readonly record: SessionRecord
  /** The token that was presented, or that will be sent. */
  readonly parts: TokenParts
  /**
   * `outdated`: valid when the request began, and replaced since. The request may write data, but neither renew nor rotate.
   * `issued`: the successor that this response is about to send. The client has not presented it.
   * `vouched`: the client presented no token of the session, and a carrier vouches for it. The request may write data and log
   * out, but neither renew, rotate nor log in.
   */
  readonly standing: Standing | 'issued' | 'outdated' | 'vouched'
  readonly vault: Vault
  /** Only if vouched. */
  readonly voucher?: Voucher
}

/** How a session is handled that a carrier vouches for. */
export interface Voucher {
  /** Reads and judges the session again. */
  again(): MaybePromise<Found>
  /** Throws if the data was not read. */
  assertRead(): void
  /** Whether the client may still hold a token of this record that is as good as the one it began with. Default: it may. */
  readonly isGood?: (record: SessionRecord) => boolean
  /** Whether `again` must run before the record is used. */
  readonly isUnread: boolean
}

/**
 * Another request renewed or rotated the token. This request was accepted and may finish, with the standing that its token has in
 * the current record.
 */
export function withRecord(held: Held, record: SessionRecord, openedAt: number, limits: Limits): Held {
  if (held.standing === 'vouched') return { ...held, record }
  const verdict = judge(record, hashSecret(held.parts.secret), openedAt, limits)
  if (held.standing === 'issued' && verdict === 'successor') return { ...held, record }
  return { ...held, record, standing: isStanding(verdict) ? verdict : 'outdated' }
}

/** The same record, as if its renewal were due. */
export function toDue(record: SessionRecord): SessionRecord {
  return { ...record, head: { ...record.head, renewDue: true } }
}
