import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'

/*
 * What a move writes among a record's data, under names that no application can have: core keeps those with one `~` for its own.
 */

/** In `from`: nobody writes here any more, the record is on its way. In `to`: there is no record here, only a tombstone to be. */
export const LOCK = '~moving'

/** By how much a record's version rose for the move alone. Taken off again, so that nobody's change is refused for it. */
export const SHIFT = '~shift'

/** The reason of what a move leaves behind in `from`. */
export const MOVED = 'moved'

export function isMarked({ data }: SessionRecord): boolean {
  return Object.hasOwn(data, LOCK)
}

export function shiftOf({ data }: SessionRecord): number {
  return Object.hasOwn(data, SHIFT) ? Number(data[SHIFT]) : 0
}

/** The record as it is without the marks. */
export function unmarked(record: SessionRecord): SessionRecord {
  if (!isMarked(record) && !Object.hasOwn(record.data, SHIFT)) return record
  const data = Object.fromEntries(Object.entries(record.data).filter(([key]) => key !== LOCK && key !== SHIFT))
  return { ...record, version: record.version - shiftOf(record), data }
}

/** What a move leaves behind, until the record would have expired. */
export function toMoved({ id, lastSeenAt, expiresAt }: SessionRecord): Tombstone {
  return { kind: 'ended', id, reason: MOVED, endedAt: lastSeenAt, expiresAt }
}

/** Takes an id so that its tombstone can be put there. Opens for no secret, is in no list, and is passed over by `find`. */
export function toPlaceholder({ id, endedAt, expiresAt }: Tombstone): SessionRecord {
  return {
    kind: 'live',
    id,
    userId: null,
    version: 0,
    createdAt: endedAt,
    lastSeenAt: endedAt,
    expiresAt,
    head: { secret: '', secretAt: endedAt },
    data: { [LOCK]: '1' },
  }
}
