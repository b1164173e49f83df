import type { SessionRecord } from '../../core/contracts/record.ts'
import type { Store } from '../../core/contracts/store.ts'
import { nextTry } from '../../core/lib/turns.ts'
import { toOnceId, toOwnRecord } from '../../core/token/once.ts'
import { fromCutText, isMark, toCutText } from './marks.ts'
import type { End } from './memory.ts'

/** Ends are kept in one record for each such time, which the store deletes by itself. */
const BUCKET_MS = 30_000
/** A write may be this late, and clocks may differ by this. */
const LATE_MS = 30_000

/** The ends of all processes, in their store. */
export interface Buckets {
  put(ends: ReadonlyMap<string, End>): Promise<void>
  /** All ends that may have been noted since this time. */
  readSince(ms: number): Promise<readonly (readonly [mark: string, end: End])[]>
}

export function createBuckets(store: Store, lifeMs: number, clock: () => number): Buckets {
  const idOf = (bucket: number) => toOnceId(`access token ends ${bucket}`)
  const bucketOf = (ms: number): number => Math.floor(ms / BUCKET_MS)

  async function read(bucket: number): Promise<readonly (readonly [string, End])[]> {
    const id = idOf(bucket)
    const kept = await (store.readNow?.(id) ?? store.read(id))
    return kept?.kind === 'live' ? endsIn(kept) : []
  }

  return {
    async put(ends) {
      const now = Math.floor(clock())
      const bucket = bucketOf(now)
      const id = idOf(bucket)
      const set = Object.fromEntries(
        [...ends].map(([mark, { cut, at }]) => [mark, JSON.stringify(`${toCutText(cut)}.${at.toString(36)}`)]),
      )
      for (let tries = 0; ; tries = nextTry(tries)) {
        const { status } = await store.write(id, { set })
        if (status === 'written') return
        const expiresAt = (bucket + 1) * BUCKET_MS + lifeMs + 2 * LATE_MS
        await store.create({ ...toOwnRecord(id, now, expiresAt), data: set })
      }
    },
    async readSince(ms) {
      const now = clock()
      const from = bucketOf(Math.max(ms, now - lifeMs) - LATE_MS)
      const last = bucketOf(now + LATE_MS)
      const buckets = Array.from({ length: last - from + 1 }, (_, index) => read(from + index))
      return (await Promise.all(buckets)).flat()
    },
  }
}

function endsIn({ data }: SessionRecord): (readonly [string, End])[] {
  return Object.entries(data).flatMap(([mark, text]) => {
    const [, cut, at] = /^"([0-9a-z]{1,12})\.([0-9a-z]{1,12})"$/.exec(text) ?? []
    if (!isMark(mark) || cut === undefined || at === undefined) return []
    return [[mark, { cut: fromCutText(cut), at: Number.parseInt(at, 36) }] as const]
  })
}
