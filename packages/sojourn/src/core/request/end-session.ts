import type { DamagedRecord, EndReason, SessionRecord } from '../contracts/record.ts'
import { expiryOf } from '../contracts/timeouts.ts'
import { ask, type Caller, emit } from './setup.ts'

/** Ends a session. Answers with its last state; `null` when another call ended it, it was gone, or could not be read any more. */
export async function endSession(by: Caller, record: SessionRecord, reason: EndReason): Promise<SessionRecord | null> {
  const { id, userId } = record
  const last = await endUntold(by, record, reason)
  if (last !== null) emit(by, 'ended', { id, userId, reason })
  return last?.kind === 'live' ? last : null
}

/** Ends one that cannot be read, and so cannot say whose it is. Whether this call was the one that ended it. */
export async function endDamaged(
  by: Caller,
  record: DamagedRecord,
  userId: string | null,
  reason: EndReason,
): Promise<boolean> {
  const last = await endUntold(by, record, reason)
  if (last !== null) emit(by, 'ended', { id: record.id, userId, reason })
  return last !== null
}

/** Ends a new session that nobody was given the token of: it would be one that nobody knows of. */
export async function discard(by: Caller, record: SessionRecord): Promise<void> {
  try {
    await endUntold(by, record, 'login')
  } catch {
    // It was told as a fault. Nobody holds the token, so it only waits for its idle limit.
  }
}

type Kept = SessionRecord | DamagedRecord

/** Without an event. */
async function endUntold(by: Caller, record: Kept, reason: EndReason): Promise<Kept | null> {
  const { setup } = by
  const { id } = record
  const endedAt = setup.clock()
  // The tombstone lasts as long as the session would have: after that, the token is refused by its age alone. But no shorter
  // than requests may be on their way, which it tells from a token that is dead for good.
  const { absoluteMs, graceMs } = setup.limits
  const expiry = record.kind === 'live' ? expiryOf(record, setup.limits) : endedAt + absoluteMs
  const expiresAt = Math.max(expiry, endedAt + graceMs)
  return ask(by, 'end', (store) => store.end(id, { kind: 'ended', id, reason, endedAt, expiresAt }))
}
