import { endSession } from './ending.ts'
import { ask, type Engine } from './engine.ts'
import type { SessionRecord } from './record.ts'
import { toHeadChange, withoutStale } from './secrets.ts'
import type { Written } from './store.ts'
import { nextTry } from './tries.ts'

/**
 * An old token was presented after its grace. A late request of the owner and a thief look alike on one cookie, so the first
 * use is refused, told and remembered, and costs nobody the session. Another one, a grace or more later, ends it: who
 * is the thief cannot be known, so by default nobody stays (RFC 9700 4.14.2).
 *
 * Answers whether this was a first use, or one of the same moment: then the client may have a newer token.
 */
export async function judgeReuse(engine: Engine, record: SessionRecord, tries = 0): Promise<boolean> {
  const { reusedAt } = record.head
  if (reusedAt === undefined) return remember(engine, record, tries)
  if (engine.clock() < reusedAt + engine.limits.graceMs) return true
  if (engine.endOnReuse) await endReused(engine, record)
  else await remember(engine, record, tries)
  return false
}

/** Of several requests with the same old token, the one whose write stands tells of it. */
async function remember(engine: Engine, record: SessionRecord, tries: number): Promise<boolean> {
  const { id, userId, head } = record
  let written: Written | null = null
  try {
    const now = engine.clock()
    const change = toHeadChange(record, { ...withoutStale(head, now), reusedAt: now })
    written = await ask(engine, 'write', (store) => store.write(id, change))
  } finally {
    // Evidence is told even when the store fails.
    if (written === null || written.status === 'written') engine.events.emit('reuse', { id, userId, ended: false })
  }
  return written.status === 'conflict'
    ? judgeReuse(engine, written.record, nextTry(tries))
    : written.status === 'written'
}

async function endReused(engine: Engine, record: SessionRecord): Promise<void> {
  const { id, userId } = record
  let ended: boolean | null = null
  try {
    ended = (await endSession(engine, record, 'reused')) !== null
  } finally {
    // Told by the request that ended it; and, as evidence, when the store fails.
    if (ended !== false) engine.events.emit('reuse', { id, userId, ended: ended === true })
  }
}
