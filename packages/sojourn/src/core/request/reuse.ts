import type { SessionRecord } from '../contracts/record.ts'
import type { Written } from '../contracts/store.ts'
import { nextTry } from '../lib/tries.ts'
import { toHeadChange, withoutStale } from '../token/secrets.ts'
import { endSession } from './end-session.ts'
import { ask, type Setup } from './setup.ts'

/**
 * An old token was presented after its grace. A late request of the owner and a thief look alike on one cookie, so the first
 * use is refused, told and remembered, and costs nobody the session. Another one, a grace or more later, ends it: who
 * is the thief cannot be known, so by default nobody stays (RFC 9700 4.14.2).
 *
 * Answers whether this was a first use, or one of the same moment: then the client may have a newer token.
 */
export async function judgeReuse(setup: Setup, record: SessionRecord, tries = 0): Promise<boolean> {
  const { reusedAt } = record.head
  if (reusedAt === undefined) return remember(setup, record, tries)
  if (setup.clock() < reusedAt + setup.limits.graceMs) return true
  if (setup.endOnReuse) await endReused(setup, record)
  else await remember(setup, record, tries)
  return false
}

/** Of several requests with the same old token, the one whose write stands reports it. */
async function remember(setup: Setup, record: SessionRecord, tries: number): Promise<boolean> {
  const { id, userId, head } = record
  let written: Written | null = null
  try {
    const now = setup.clock()
    const change = toHeadChange(record, { ...withoutStale(head, now), reusedAt: now })
    written = await ask(setup, 'write', (store) => store.write(id, change))
  } finally {
    // Evidence is reported even if the store fails.
    if (written === null || written.status === 'written') setup.events.emit('reuse', { id, userId, ended: false })
  }
  return written.status === 'conflict'
    ? judgeReuse(setup, written.record, nextTry(tries))
    : written.status === 'written'
}

async function endReused(setup: Setup, record: SessionRecord): Promise<void> {
  const { id, userId } = record
  let ended: boolean | null = null
  try {
    ended = (await endSession(setup, record, 'reused')) !== null
  } finally {
    // Told by the request that ended it; and, as evidence, when the store fails.
    if (ended !== false) setup.events.emit('reuse', { id, userId, ended: ended === true })
  }
}
