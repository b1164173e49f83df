import type { SessionRecord } from '../contracts/record.ts'
import type { Written } from '../contracts/store.ts'
import { nextTry } from '../lib/turns.ts'
import { toHeadChange, withoutStale } from '../token/secrets.ts'
import { ask, type Caller, emit } from './caller.ts'
import { endSession } from './end-session.ts'

/**
 * Handles an old token that was presented after its grace. A late request of the owner and a thief look the same, so the first
 * use is refused, reported and remembered, and does not end the session. Another use, a grace or more later, ends it: the server
 * cannot tell the owner from the thief, so by default the session ends for both (RFC 9700 4.14.2).
 *
 * Returns whether this was a first use, or one at the same time. Then the client may have a newer token.
 */
export async function judgeReuse(by: Caller, record: SessionRecord, tries = 0): Promise<boolean> {
  const { reusedAt } = record.head
  if (reusedAt === undefined) return remember(by, record, tries)
  if (by.setup.clock() < reusedAt + by.setup.limits.graceMs) return true
  if (by.setup.endOnReuse) await endReused(by, record)
  else await remember(by, record, tries)
  return false
}

/** Of several requests with the same old token, the one whose write succeeds reports it. */
async function remember(by: Caller, record: SessionRecord, tries: number): Promise<boolean> {
  const { id, userId, head } = record
  let written: Written | null = null
  try {
    const now = by.setup.clock()
    const change = toHeadChange(record, { ...withoutStale(head, now), reusedAt: now })
    written = await ask(by, 'write', id, change)
  } finally {
    // Evidence is reported even if the store fails.
    if (written === null || written.status === 'written') emit(by, 'reuse', { id, userId, ended: false })
  }
  return written.status === 'conflict' ? judgeReuse(by, written.record, nextTry(tries)) : written.status === 'written'
}

async function endReused(by: Caller, record: SessionRecord): Promise<void> {
  const { id, userId } = record
  let ended: boolean | null = null
  try {
    ended = (await endSession(by, record, 'reused')) !== null
  } finally {
    // The request that ended it reports it. If the store fails, it is reported as evidence.
    if (ended !== false) emit(by, 'reuse', { id, userId, ended: ended === true })
  }
}
