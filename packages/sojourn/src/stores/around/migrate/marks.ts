import type { SessionRecord, Tombstone } from '../../../core/contracts/record.ts'

/*
 * The names that a move writes among a record's data. Applications cannot use them because core reserves names that begin with
 * `~`.
 */

/**
 * In `from`: the record is being moved, and nobody writes to it any more. In `to`: no record, only a placeholder for a tombstone.
 */
export const LOCK = '~moving'

/**
 * By how much the move itself raised a record's version. It is subtracted again, so that no application's change conflicts
 * because of the move.
 */
export const SHIFT = '~shift'

/** The reason of the tombstone that a move leaves in `from`. */
export const MOVED = 'moved'

export function isMarked({ data }: SessionRecord): boolean {
  return Object.hasOwn(data, LOCK)
}

export function shiftOf({ data }: SessionRecord): number {
  return Object.hasOwn(data, SHIFT) ? Number(data[SHIFT]) : 0
}

/** The record without the marks. */
export function unmarked(record: SessionRecord): SessionRecord {
  if (!isMarked(record) && !Object.hasOwn(record.data, SHIFT)) return record
  const data = Object.fromEntries(Object.entries(record.data).filter(([key]) => key !== LOCK && key !== SHIFT))
  return { ...record, version: record.version - shiftOf(record), data }
}

/** The tombstone that a move leaves in `from`, until the record would have expired. */
export function toMoved({ id, lastSeenAt, expiresAt }: SessionRecord): Tombstone {
  return { kind: 'ended', id, reason: MOVED, endedAt: lastSeenAt, expiresAt }
}

/** Reserves an id so that its tombstone can be stored there. No secret opens it, no list contains it, and `find` skips it. */
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
