import type { SessionRecord } from '../../core/contracts/record.ts'
import type { Change } from '../../core/contracts/store.ts'
import { withEdits } from '../../core/data/texts.ts'

/**
 * Applies a change to a live record. Returns the next record, the same record if nothing changes, or `null` for a conflict. Pure,
 * for stores that read, decide and write inside one transaction.
 */
export function applyChange(record: SessionRecord, change: Change): SessionRecord | null {
  const { head, set, remove, version } = change
  if (!isExpected(record, change.expect)) return null
  if ((head !== undefined || change.seen !== undefined) && version !== record.version) return null
  const seen = isFresh(record, change) ? change.seen : undefined
  const hasEdits = set !== undefined || remove !== undefined
  if (head === undefined && seen === undefined && !hasEdits) return record
  return {
    kind: 'live',
    id: record.id,
    userId: record.userId,
    version: (head === undefined ? undefined : change.nextVersion) ?? record.version,
    createdAt: record.createdAt,
    lastSeenAt: seen?.at ?? record.lastSeenAt,
    expiresAt: seen?.expiresAt ?? record.expiresAt,
    head: head ?? record.head,
    data: hasEdits ? withEdits(record.data, change) : record.data,
  }
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
