import type { SessionId, SessionRecord, Tombstone } from '../../core/record.ts'

/** What was read, and when the read began, by both clocks: the answer tells of no earlier moment. */
export interface Entry {
  readonly value: SessionRecord | Tombstone
  readonly uptimeAt: number
  readonly wallAt: number
  /** Of the link: an entry from before a break is not to be believed. */
  readonly era: number
}

/** At most `size` entries; the one that was not used for longest makes room. */
export interface Entries {
  readonly count: number
  get(id: SessionId): Entry | undefined
  put(id: SessionId, entry: Entry): void
  delete(id: SessionId): void
  clear(): void
}

export function createEntries(size: number): Entries {
  /** In the order of their use: a `Map` keeps that of insertion. */
  const entries = new Map<SessionId, Entry>()
  let newest: SessionId | null = null
  /** Kept between calls: what it has passed is gone, so it always stands before the oldest (see memory/arrivals.ts). */
  let walk = entries.keys()

  function dropOldest(): void {
    let step = walk.next()
    if (step.done) {
      walk = entries.keys()
      step = walk.next()
    }
    if (!step.done) entries.delete(step.value)
  }

  function put(id: SessionId, entry: Entry): void {
    entries.delete(id)
    entries.set(id, entry)
    newest = id
    if (entries.size > size) dropOldest()
  }

  return {
    get count() {
      return entries.size
    },
    get(id) {
      const entry = entries.get(id)
      if (entry !== undefined && id !== newest) put(id, entry)
      return entry
    },
    put,
    delete: (id) => void entries.delete(id),
    clear: () => entries.clear(),
  }
}
