import type { DamagedRecord, SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import { damagedBy } from '../core/request/damaged.ts'

/** What a store finds under an id, if a damaged record must not hide the others. */
export type Found = SessionRecord | Tombstone | DamagedRecord

export type Listed = SessionRecord | DamagedRecord

/**
 * Whether the record belongs in this user's list. A damaged record does not show whose it is, but the index that led to it does.
 */
export function isListed(found: Found | null | undefined, userId: string): found is Listed {
  return found?.kind === 'damaged' || (found?.kind === 'live' && found.userId === userId)
}

/** Returns what `parse` returns, or a damaged record if it throws. */
export function readable<T>(id: SessionId, parse: () => T): T | DamagedRecord {
  try {
    return parse()
  } catch (error) {
    return damagedBy(id, error)
  }
}
