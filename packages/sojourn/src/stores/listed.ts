import type { DamagedRecord, SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import { damagedBy } from '../core/request/damaged.ts'

/** What a store finds under an id, where one that cannot be read must not hide the others. */
export type Found = SessionRecord | Tombstone | DamagedRecord

export type Listed = SessionRecord | DamagedRecord

/** Whether it belongs in this user's list. What cannot be read does not say whose it is, but the index that led to it does. */
export function isListed(found: Found | null | undefined, userId: string): found is Listed {
  return found?.kind === 'damaged' || (found?.kind === 'live' && found.userId === userId)
}

/** What `parse` makes of it, or that it cannot be read. */
export function readable<T>(id: SessionId, parse: () => T): T | DamagedRecord {
  try {
    return parse()
  } catch (error) {
    return damagedBy(id, error)
  }
}
