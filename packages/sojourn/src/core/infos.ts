import type { Engine } from './engine.ts'
import type { Device, SessionRecord } from './record.ts'
import type { SessionInfo } from './session.ts'
import { expiryOf } from './timeouts.ts'

/** A user's sessions as people see them: live ones only, most recently seen first. */
export function toInfos(engine: Engine, records: readonly SessionRecord[]): SessionInfo[] {
  return liveOf(engine, records).map((record) => toInfo(engine, record))
}

/** The store may still hold what is expired. */
export function liveOf(engine: Engine, records: readonly SessionRecord[]): SessionRecord[] {
  const now = engine.clock()
  return records
    .filter((record) => now < expiryOf(record, engine.limits))
    .sort((a, b) => b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt)
}

function toInfo(engine: Engine, record: SessionRecord): SessionInfo {
  const { id, createdAt, lastSeenAt, head } = record
  return {
    id,
    createdAt: new Date(createdAt),
    lastSeenAt: new Date(lastSeenAt),
    expiresAt: new Date(expiryOf(record, engine.limits)),
    authenticatedAt: toDate(head.authenticatedAt),
    device: deviceOf(engine, record),
    remembered: isRemembered(engine, record),
  }
}

/** Client details, unless they are too old to be shown or kept. */
export function deviceOf({ clock, dropDeviceAfterMs }: Engine, { head, createdAt }: SessionRecord): Device | null {
  return head.device === undefined || clock() - createdAt >= dropDeviceAfterMs
    ? null
    : Object.freeze({ ...head.device })
}

/** Begun with a longer limit than the configured one. */
export function isRemembered({ limits }: Engine, { head }: SessionRecord): boolean {
  return (head.absoluteMs ?? 0) > limits.absoluteMs
}

export function toDate(ms: number | undefined): Date | null {
  return ms === undefined ? null : new Date(ms)
}
