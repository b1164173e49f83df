import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionRecord } from '../contracts/record.ts'
import type { EndedAll } from '../contracts/sessions.ts'
import type { ScanPage } from '../contracts/store.ts'
import { nextTry } from '../lib/turns.ts'
import { toOwnRecord } from '../token/once.ts'
import { forEach } from './admin.ts'
import { ask, type Caller, call, isOver, readNow, sureOfEra } from './caller.ts'
import { endSession } from './end-session.ts'
import { ERA_ID, LEASE_MS, toMarker } from './eras.ts'

/** Two machines measure the same time with a difference of far less than this. */
const MARGIN_MS = LEASE_MS / 10
/** Longer than any session can last, which is 100 years. */
const KEPT_MS = 1000 * 365 * 24 * 60 * 60_000
const BATCH = 500

/** Begins a new era, and waits until every process has to know it. Then ends the records of earlier eras in the background. */
export async function endAll(by: Caller, reason: EndReason): Promise<EndedAll> {
  const { store, eras } = by.setup
  if (!eras.isKept) throw new SessionError('ERR_UNSUPPORTED', `${store.name} cannot end all sessions at once.`)
  const era = await beginEra(by, reason)
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS + MARGIN_MS))
  const kept = await readNow(by, ERA_ID)
  if (toMarker(kept).era < era) throw new SessionError('ERR_STORE', `${store.name} lost the change. Call endAll again.`)
  const removed = clear(by)
  // A caller may ignore the result. Failures were reported as faults.
  removed.catch(() => {})
  return { removed }
}

async function beginEra(by: Caller, reason: EndReason): Promise<number> {
  const { clock, eras } = by.setup
  for (let tries = 0; ; tries = nextTry(tries)) {
    const kept = await readNow(by, ERA_ID)
    const before = toMarker(kept).era
    const era = Math.max(before, eras.marker.era) + 1
    const data = { era: String(era), reason }
    const now = clock()
    const fresh: SessionRecord = { ...toOwnRecord(ERA_ID, now, now + KEPT_MS), data }
    const expect = { key: 'era', text: String(before) }
    const isDone =
      kept === null
        ? await call(by, 'create', fresh)
        : (await call(by, 'write', ERA_ID, { set: data, expect })).status === 'written'
    if (!isDone) continue
    eras.learn({ era, reason, cleared: 0 })
    return era
  }
}

/** Ends the records of earlier eras in the store, unless that was done. Resolves to their number. */
export async function clear(by: Caller): Promise<number> {
  const { store, eras } = by.setup
  await sureOfEra(by)
  const { era, reason, cleared } = eras.marker
  if (store.scan === undefined || cleared >= era) return 0
  let removed = 0
  for (let cursor: string | null | undefined = null; cursor !== undefined; ) {
    const { values, next }: ScanPage = await ask(by, 'scan', cursor, BATCH)
    const dead = values.filter((kept) => kept.kind === 'live').filter((kept) => isOver(by.setup, kept))
    await forEach(dead, async (record) => {
      await endSession(by, record, reason)
    })
    removed += dead.length
    cursor = next ?? undefined
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  const expect = { key: 'era', text: String(era) }
  await call(by, 'write', ERA_ID, { set: { cleared: String(era) }, expect })
  eras.learn({ era, reason, cleared: era })
  return removed
}
