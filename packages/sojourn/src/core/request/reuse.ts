import type { SessionRecord } from '../contracts/record.ts'
import type { Written } from '../contracts/store.ts'
import { nextTry } from '../lib/tries.ts'
import { toHeadChange, withoutStale } from '../token/secrets.ts'
import { endSession } from './end-session.ts'
import { ask, type Caller, emit } from './setup.ts'

/**
 * An old token was presented after its grace. A late request of the owner and a thief look alike on one cookie, so the first
 * use is refused, told and remembered, and costs nobody the session. Another one, a grace or more later, ends it: who
 * is the thief cannot be known, so by default nobody stays (RFC 9700 4.14.2).
 *
 * Answers whether this was a first use, or one of the same moment: then the client may have a newer token.
 */
export async function judgeReuse(by: Caller, record: SessionRecord, tries = 0): Promise<boolean> {
  const { reusedAt } = record.head
  if (reusedAt === undefined) return remember(by, record, tries)
  if (by.setup.clock() < reusedAt + by.setup.limits.graceMs) return true
  if (by.setup.endOnReuse) await endReused(by, record)
  else await remember(by, record, tries)
  return false
}

/** Of several requests with the same old token, the one whose write stands reports it. */
async function remember(by: Caller, record: SessionRecord, tries: number): Promise<boolean> {
  const { id, userId, head } = record
  let written: Written | null = null
  try {
    const now = by.setup.clock()
    const change = toHeadChange(record, { ...withoutStale(head, now), reusedAt: now })
    written = await ask(by, 'write', (store) => store.write(id, change))
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
    // Told by the request that ended it; and, as evidence, when the store fails.
    if (ended !== false) emit(by, 'reuse', { id, userId, ended: ended === true })
  }
}
