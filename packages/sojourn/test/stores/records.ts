import { randomBytes } from 'node:crypto'
import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'

/** The time of the tests: fixed, because no store reads a clock. */
export const NOW = 1_800_000_000_000
export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export function anId(): SessionId {
  return randomBytes(16).toString('base64url') as SessionId
}

export function aRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    kind: 'live',
    id: anId(),
    userId: null,
    version: 0,
    createdAt: NOW,
    lastSeenAt: NOW,
    expiresAt: NOW + 30 * MINUTE,
    head: { secret: randomBytes(32).toString('base64url'), secretAt: NOW },
    data: {},
    ...fields,
  }
}

export function aTombstone(record: SessionRecord, fields: Partial<Tombstone> = {}): Tombstone {
  return { kind: 'ended', id: record.id, reason: 'logout', endedAt: NOW, expiresAt: record.expiresAt, ...fields }
}
