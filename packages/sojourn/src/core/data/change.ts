import type { SessionRecord } from '../contracts/record.ts'
import type { Change } from '../contracts/store.ts'
import { withEdits } from './texts.ts'

/**
 * Applies a change to a live record. Returns the next record, the same record if nothing changes, or `null` for a conflict. Pure,
 * for stores that read, decide and write inside one transaction.
 */
export function applyChange(record: SessionRecord, change: Change): SessionRecord | null {
  const { head, seen, set, remove, version } = change
  if (!isExpected(record, change.expect)) return null
  if ((head !== undefined || seen !== undefined) && version !== record.version) return null
  const isEmpty = head === undefined && set === undefined && remove === undefined && !isFresh(record, change)
  return isEmpty ? record : withChange(record, change)
}

function isExpected({ data }: SessionRecord, expect: Change['expect']): boolean {
  if (expect === undefined) return true
  // Own keys only: `expect` may name `constructor`, which every object inherits.
  const text = Object.hasOwn(data, expect.key) ? data[expect.key] : null
  return text === expect.text
}

/** Whether the touch is newer than the record's last use. A late touch moves nothing. */
export function isFresh(record: SessionRecord, { seen }: Change): boolean {
  return seen !== undefined && seen.at >= record.lastSeenAt
}

/** Returns the record with a change that a store has accepted. */
export function withChange(record: SessionRecord, change: Change): SessionRecord {
  const { head, nextVersion, set, remove } = change
  const seen = isFresh(record, change) ? change.seen : undefined
  return {
    kind: 'live',
    id: record.id,
    userId: record.userId,
    version: (head === undefined ? undefined : nextVersion) ?? record.version,
    createdAt: record.createdAt,
    lastSeenAt: seen?.at ?? record.lastSeenAt,
    expiresAt: seen?.expiresAt ?? record.expiresAt,
    head: head ?? record.head,
    data: set === undefined && remove === undefined ? record.data : withEdits(record.data, change),
  }
}
