import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionRecord } from '../contracts/record.ts'
import type { EndedAll } from '../contracts/sessions.ts'
import type { ScanPage } from '../contracts/store.ts'
import { rescue } from '../lib/maybe.ts'
import { sleep } from '../lib/runtime.ts'
import { nextTry } from '../lib/turns.ts'
import { forEach } from './admin.ts'
import { ask, type Caller, call, failing, isOver, readNow, sureOfEra } from './caller.ts'
import { endSession } from './end-session.ts'
import { ERA_ID, LEASE_MS, type Marker, putMarker, toMarker } from './eras.ts'

/** Two machines measure the same time with a difference of far less than this. */
const MARGIN_MS = LEASE_MS / 10
const BATCH = 500

/** Begins a new era, and waits until every process has to know it. Then ends the records of earlier eras in the background. */
export async function endAll(by: Caller, reason: EndReason): Promise<EndedAll> {
  const { store, eras } = by.setup
  if (!eras.isKept) throw new SessionError('ERR_UNSUPPORTED', `${store.name} cannot end all sessions at once.`)
  const era = await beginEra(by, reason)
  await sleep(LEASE_MS + MARGIN_MS)
  const last = toMarker(await readNow(by, ERA_ID))
  // If it was lost for a moment, a process may rely on its absence.
  if (last.era < era || last.lost === 1)
    throw new SessionError('ERR_STORE', `${store.name} lost the change. Call endAll again.`)
  const removed = clear(by)
  // A caller may ignore the result. Failures were reported as faults.
  removed.catch(() => {})
  return { removed }
}

async function beginEra(by: Caller, reason: EndReason): Promise<number> {
  const { clock, eras } = by.setup
  for (let tries = 0; ; tries = nextTry(tries)) {
    const kept = await readNow(by, ERA_ID)
    const now = clock()
    // Not a count: if the store lost the marker, sessions of the eras before must not be of the new one.
    const era = Math.max(now, toMarker(kept).era + 1, eras.marker.era + 1)
    const next: Marker = { era, reason, cleared: 0, lost: 0 }
    if (!(await rescue(() => putMarker(by.store, kept, next, now), failing(by, 'write')))) continue
    eras.learn(next)
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
  let cursor: string | null = null
  do {
    const { values, next }: ScanPage = await ask(by, 'scan', cursor, BATCH)
    const dead = values.filter((kept) => kept.kind === 'live' && isOver(by.setup, kept)) as SessionRecord[]
    await forEach(dead, async (record) => {
      await endSession(by, record, reason)
    })
    removed += dead.length
    cursor = next
    await sleep(0)
  } while (cursor !== null)
  const expect = { key: 'era', text: String(era) }
  await call(by, 'write', ERA_ID, { set: { cleared: String(era) }, expect })
  eras.learn({ ...eras.marker, cleared: era })
  return removed
}
