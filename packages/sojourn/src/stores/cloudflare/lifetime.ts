import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'

/**
 * How long things are kept, by the platform's clock. The times in records are the application's, so only the length of a lifetime
 * is taken from them. A different or wrong clock then deletes nothing early.
 */

/** Nothing is deleted sooner: Workers KV accepts no shorter time, and core refuses expired records anyway. */
const LEAST_MS = 60_000

/** How much longer index entries are kept. A session in use moves its expiry every minute, but its entry once a day only. */
const ENTRY_MS = 24 * 60 * 60_000

export function lifeOf(value: SessionRecord | Tombstone): number {
  return atLeast(value.expiresAt - (value.kind === 'ended' ? value.endedAt : value.createdAt))
}

/** `null`: the change does not move the expiry. */
export function lifeAfter({ seen }: Change): number | null {
  return seen === undefined ? null : atLeast(seen.expiresAt - seen.at)
}

/** Returns until when to keep the index entry of a record that is deleted at `deleteAt`. */
export function entryUntil(deleteAt: number): number {
  return deleteAt + ENTRY_MS
}

function atLeast(ms: number): number {
  return Math.max(ms, LEAST_MS)
}
