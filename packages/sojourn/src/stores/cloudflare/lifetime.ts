import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'

/**
 * How long things are kept, by the platform's own clock. The times in records are the application's: only the length
 * of a life is taken from them, so that another clock, or one that is wrong, deletes nothing early.
 */

/** Nothing goes sooner: Workers KV takes no shorter life, and core refuses what has expired anyhow. */
const LEAST_MS = 60_000

/** How much longer index entries are kept: a session in use moves its expiry every minute, its entry once a day. */
const ENTRY_MS = 24 * 60 * 60_000

export function lifeOf(value: SessionRecord | Tombstone): number {
  return atLeast(value.expiresAt - (value.kind === 'ended' ? value.endedAt : value.createdAt))
}

/** `null`: the change moves no expiry. */
export function lifeAfter({ seen }: Change): number | null {
  return seen === undefined ? null : atLeast(seen.expiresAt - seen.at)
}

/** Until when an index entry is kept that leads to something which is deleted at `deleteAt`. */
export function entryUntil(deleteAt: number): number {
  return deleteAt + ENTRY_MS
}

function atLeast(ms: number): number {
  return Math.max(ms, LEAST_MS)
}
