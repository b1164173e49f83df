import type { SessionId, SessionRecord } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'
import { applyChange } from '../kit/apply-change.ts'

/** A last-seen time that the store does not have yet. */
export interface Touch {
  readonly version: number
  readonly seen: NonNullable<Change['seen']>
  /** By when the store is to have it, by uptime. A later touch of the same session does not move this. */
  readonly dueAt: number
  /** When the store lets the session go without it, ms since the epoch. */
  readonly endsAt: number
}

/** Whether a change is a touch and nothing else. */
export function isTouch(change: Change): change is Change & Pick<Touch, 'version' | 'seen'> {
  const { seen, version, head, set, remove, expect } = change
  if (seen === undefined || version === undefined) return false
  return head === undefined && set === undefined && remove === undefined && expect === undefined
}

/** The record as it will be. */
export function withTouch(record: SessionRecord, touch: Touch | undefined): SessionRecord {
  if (touch === undefined) return record
  const { version, seen } = moved(touch, record)
  return applyChange(record, { version, seen }) ?? record
}

/** The change with the touch before it in one: what both would leave, one after another. */
export function mergeTouch(change: Change, touch: Touch | undefined): Change {
  if (touch === undefined) return change
  const { version, seen } = touch
  if (change.version !== undefined && change.version !== version) return change
  if (change.seen !== undefined && change.seen.at >= seen.at) return change
  return { ...change, version, seen }
}

/** The same use of a record whose head was changed since. Core judges by its own limits: a late expiry keeps a record longer, not open. */
export function moved(touch: Touch, { version, expiresAt }: SessionRecord): Touch {
  const { seen } = touch
  return { ...touch, version, seen: { at: seen.at, expiresAt: Math.max(seen.expiresAt, expiresAt) } }
}

/** Whether nothing is left of the touch once this change, with it in it, was written. */
export function isSettled({ version }: Change, touch: Touch): boolean {
  return version === undefined || version >= touch.version
}

/** Of two touches of one session, the one that the store would keep. */
export function newest(a: Touch | undefined, b: Touch): Touch {
  if (a === undefined || a.version < b.version) return b
  return a.version === b.version && b.seen.at >= a.seen.at ? { ...b, dueAt: Math.min(a.dueAt, b.dueAt) } : a
}

/** Sessions with a touch that waits. */
export type Touches = Map<SessionId, Touch>
