import { SessionError } from '../contracts/errors.ts'
import type { DamagedRecord, SessionId } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { rescue } from '../lib/maybe.ts'

/** What `look` finds under this id, now or later, or that it cannot be read. */
export function orDamaged<T>(id: SessionId, look: () => MaybePromise<T>): MaybePromise<T | DamagedRecord> {
  return rescue<T | DamagedRecord>(look, (error) => damagedBy(id, error))
}

/** For an error that says so; any other is thrown on. */
export function damagedBy(id: SessionId, error: unknown): DamagedRecord {
  if (error instanceof SessionError && error.code === 'ERR_RECORD_DAMAGED') return { kind: 'damaged', id }
  throw error
}
