import { ask, type Engine } from './engine.ts'
import type { EndReason, SessionRecord } from './record.ts'
import { expiryOf } from './timeouts.ts'

/** Ends a session. Answers with its last state; `null` when another call ended it, or it was gone. */
export async function endSession(
  engine: Engine,
  record: SessionRecord,
  reason: EndReason,
): Promise<SessionRecord | null> {
  const { id, userId } = record
  const last = await endUntold(engine, record, reason)
  if (last !== null) engine.events.emit('ended', { id, userId, reason })
  return last
}

/** Ends a new session that nobody was given the token of: it would be one that nobody knows of. */
export async function discard(engine: Engine, record: SessionRecord): Promise<void> {
  try {
    await endUntold(engine, record, 'login')
  } catch {
    // It was told as a fault. Nobody holds the token, so it only waits for its idle limit.
  }
}

/** Without an event. */
async function endUntold(engine: Engine, record: SessionRecord, reason: EndReason): Promise<SessionRecord | null> {
  const { id } = record
  const endedAt = engine.clock()
  // The tombstone lasts as long as the session would have: after that, the token is refused by its age alone. But no shorter
  // than requests may be on their way, which it tells from a token that is dead for good.
  const expiresAt = Math.max(expiryOf(record, engine.limits), endedAt + engine.limits.graceMs)
  return ask(engine, 'end', (store) => store.end(id, { kind: 'ended', id, reason, endedAt, expiresAt }))
}
