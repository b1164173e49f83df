import type { SessionId, SessionRecord } from '../../../core/contracts/record.ts'
import type { Change } from '../../../core/contracts/store.ts'
import { applyChange } from '../../kit/records.ts'

/** A last-seen time that the store does not have yet. */
export interface Touch {
  readonly version: number
  readonly seen: NonNullable<Change['seen']>
  /** When the store must have it, by uptime. A later touch of the same session does not move this. */
  readonly dueAt: number
  /** When the session expires in the store without it, in ms since the epoch. */
  readonly endsAt: number
}

/** Whether a change consists of a touch only. */
export function isTouch(change: Change): change is Change & Pick<Touch, 'version' | 'seen'> {
  const { seen, version, head, set, remove, expect } = change
  if (seen === undefined || version === undefined) return false
  return head === undefined && set === undefined && remove === undefined && expect === undefined
}

/** Returns the record with the touch applied. */
export function withTouch(record: SessionRecord, touch: Touch | undefined): SessionRecord {
  if (touch === undefined) return record
  const { version, seen } = moved(touch, record)
  return applyChange(record, { version, seen }) ?? record
}

/** Merges the change with the touch before it. The result is what both would leave, one after another. */
export function mergeTouch(change: Change, touch: Touch | undefined): Change {
  if (touch === undefined) return change
  const { version, seen } = touch
  if (change.version !== undefined && change.version !== version) return change
  if (change.seen !== undefined && change.seen.at >= seen.at) return change
  return { ...change, version, seen }
}

/**
 * Moves the touch to a record whose head was changed since. Core applies its own limits: a late expiry keeps the record longer,
 * but does not keep the session open.
 */
export function moved(touch: Touch, { version, expiresAt }: SessionRecord): Touch {
  const { seen } = touch
  return { ...touch, version, seen: { at: seen.at, expiresAt: Math.max(seen.expiresAt, expiresAt) } }
}

/** Whether the touch is complete once this change, which includes it, was written. */
export function isSettled({ version }: Change, touch: Touch): boolean {
  return version === undefined || version >= touch.version
}

/** Returns the touch of a session that the store would keep. */
export function newest(a: Touch | undefined, b: Touch): Touch {
  if (a === undefined || a.version < b.version) return b
  return a.version === b.version && b.seen.at >= a.seen.at ? { ...b, dueAt: Math.min(a.dueAt, b.dueAt) } : a
}

/** Sessions with a waiting touch. */
export type Touches = Map<SessionId, Touch>
