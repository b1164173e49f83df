import type { Sessions } from '../../core/contracts/sessions.ts'
import { attempt } from '../../core/lib/maybe.ts'
import { sleep } from '../../core/lib/runtime.ts'
import { lastEndAll, reportTokenFault } from '../../core/request/access-tokens.ts'
import type { Bus } from '../../stores/around/near-cache/bus.ts'
import { createBuckets } from './buckets.ts'
import { toNotice, toUserMark } from './marks.ts'
import { createEndsMemory, type End, type EndsMemory } from './memory.ts'

/** Where a judge of tokens learns which of them were revoked. */
export interface Ends {
  readonly memory: EndsMemory
  /**
   * Whether the end of a token that was issued then (ms since the epoch) would be known. Rejects if that cannot be found out now.
   */
  known(issuedAt: number): boolean | Promise<boolean>
}

/** The ends of sessions, as the process knows them that has the sessions. */
export interface Ledger extends Ends {
  /** Notes an end for every process. */
  note(mark: string, cut?: number): void
  /** Opens the bus, so that the first end does not wait for it. */
  warm(): void
  /** Resolves when what was noted is stored and published. */
  settled(): Promise<void>
}

/** How old the knowledge of other processes' ends may be. */
const FRESH_MS = 500
const RETRY_MS = 1000

/**
 * Notes which sessions end in this process, for verifiers in others: in the store, for those that ask for the list, and on the bus.
 * A password that changed, a rotation and a new proof also stop the access tokens from before.
 */
export function createLedger(
  sessions: Sessions<object>,
  { lifeMs, clock, bus }: { readonly lifeMs: number; readonly clock: () => number; readonly bus: Bus | null },
): Ledger {
  const memory = createEndsMemory(lifeMs, clock)
  const buckets = createBuckets(sessions.store, lifeMs, clock)
  let waiting = new Map<string, End>()
  let writing: Promise<void> | null = null
  let reading: Promise<void> | null = null
  let isWarm = false
  let readAt = Number.NEGATIVE_INFINITY

  const now = (): number => Math.floor(clock() / 1000)

  function note(mark: string, cut = Number.POSITIVE_INFINITY): void {
    const end = { cut, at: Math.floor(clock()) }
    memory.add(mark, end)
    waiting.set(mark, end)
    writing ??= write()
  }

  /** Several ends at once are one write. */
  async function write(): Promise<void> {
    await null
    for (let failures = 0; waiting.size > 0 && failures * RETRY_MS < lifeMs; ) {
      const ends = waiting
      waiting = new Map()
      const notices = [...ends].map(([mark, { cut }]) => toNotice(mark, cut))
      const publish = async (): Promise<void> => bus?.publish(notices)
      const failed = (await Promise.allSettled([buckets.put(ends), publish()])).find(
        ({ status }) => status === 'rejected',
      )
      failures = failed === undefined ? 0 : failures + 1
      if (failed?.status !== 'rejected') continue
      // Noted again now, because verifiers ask for what is new.
      for (const [mark, end] of ends) if (!waiting.has(mark)) waiting.set(mark, { ...end, at: Math.floor(clock()) })
      await reportTokenFault(sessions, 'note the end of access tokens', failed.reason).catch(() => undefined)
      await sleep(RETRY_MS)
    }
    writing = null
  }

  /** Reads what other processes noted. */
  async function catchUp(): Promise<void> {
    const startedAt = clock()
    const [found, era] = await Promise.all([buckets.readSince(readAt), lastEndAll(sessions)])
    for (const [mark, end] of found) memory.add(mark, end)
    if (era > 0) memory.addAll(Math.floor(era / 1000) + 1)
    readAt = startedAt
  }

  sessions.on('ended', ({ id, userId }) => {
    // Nobody else has access tokens.
    if (userId !== null) note(id)
  })
  sessions.on('rotated', ({ id }) => note(id, now() + 1))
  sessions.on('reauthenticated', ({ id }) => note(id, now() + 1))
  sessions.on('account', ({ userId }) => note(toUserMark(userId), now() + 1))

  return {
    memory,
    note,
    warm() {
      if (isWarm || bus === null) return
      isWarm = true
      // The first end tries again, and reports it.
      attempt(
        () => bus.probe(),
        () => undefined,
      )
    },
    async settled() {
      while (writing !== null) await writing
    },
    known() {
      const ageMs = clock() - readAt
      if (ageMs >= 0 && ageMs < FRESH_MS) return true
      reading ??= catchUp().finally(() => {
        reading = null
      })
      return reading.then(() => true)
    },
  }
}
