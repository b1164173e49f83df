import { ask, type Engine } from './engine.ts'
import type { EndReason, SessionRecord } from './record.ts'
import { toTombstone } from './state.ts'

/** Ends a session. Answers with its last state; `null` when another call ended it, or it was gone. */
export async function endSession(
  engine: Engine,
  record: SessionRecord,
  reason: EndReason,
): Promise<SessionRecord | null> {
  const { id, userId } = record
  const last = await ask(engine, 'end', (store) => store.end(id, toTombstone(engine, record, reason)))
  if (last !== null) engine.events.emit('ended', { id, userId, reason })
  return last
}

/** Ends a new session that nobody was given the token of: it would be one that nobody knows of. */
export async function discard(engine: Engine, record: SessionRecord): Promise<void> {
  try {
    await ask(engine, 'end', (store) => store.end(record.id, toTombstone(engine, record, 'login')))
  } catch {
    // It was told as a fault. Nobody holds the token, so it only waits for its idle limit.
  }
}
