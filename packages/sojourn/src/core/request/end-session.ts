import { SessionError } from '../contracts/errors.ts'
import type { DamagedRecord, EndReason, SessionId, SessionRecord } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { rescue } from '../lib/maybe.ts'
import { expiryOf } from '../token/token.ts'
import { ask, type Caller, emit } from './caller.ts'

type Kept = SessionRecord | DamagedRecord

/**
 * Ends a session. Returns its last state, or `null` if another call ended it, or it was gone. A damaged record does not show whose
 * it is, so a caller that knows the user passes it.
 */
export async function endSession(
  by: Caller,
  kept: Kept,
  reason: EndReason,
  userId: string | null = kept.kind === 'live' ? kept.userId : null,
): Promise<Kept | null> {
  const last = await endSilently(by, kept, reason)
  if (last !== null) emit(by, 'ended', { id: kept.id, userId, reason })
  return last
}

/** Ends a new session whose token no client received. Nobody would know that it exists. */
export async function discard(by: Caller, record: SessionRecord): Promise<void> {
  try {
    await endSilently(by, record, 'login')
  } catch {
    // The failure was reported as a fault. Nobody holds the token, so the session only waits for its idle limit.
  }
}

/** Ends the session without an event. */
async function endSilently(by: Caller, record: Kept, reason: EndReason): Promise<Kept | null> {
  const { setup } = by
  const { id } = record
  const endedAt = setup.clock()
  // The tombstone is kept as long as the session would have been; after that, the token is refused because of its age. It is also
  // kept at least as long as requests may be on their way, because it distinguishes those from a token that ended long ago.
  const { absoluteMs, graceMs } = setup.limits
  const expiry = record.kind === 'live' ? expiryOf(record, setup.limits) : endedAt + absoluteMs
  const expiresAt = Math.max(expiry, endedAt + graceMs)
  return ask(by, 'end', id, { kind: 'ended', id, reason, endedAt, expiresAt })
}

/** Returns what `look` finds under this id, or a damaged record if it cannot be read. */
export function orDamaged<T>(id: SessionId, look: () => MaybePromise<T>): MaybePromise<T | DamagedRecord> {
  return rescue<T | DamagedRecord>(look, (error) => damagedBy(id, error))
}

/** Returns a damaged record if the error reports one. Throws any other error. */
export function damagedBy(id: SessionId, error: unknown): DamagedRecord {
  if (error instanceof SessionError && error.code === 'ERR_RECORD_DAMAGED') return { kind: 'damaged', id }
  throw error
}
