import { SessionError } from '../contracts/errors.ts'
import type { DamagedRecord, SessionId } from '../contracts/record.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { rescue } from '../lib/maybe.ts'

/** Returns what `look` finds under this id, or a damaged record if it cannot be read. */
export function orDamaged<T>(id: SessionId, look: () => MaybePromise<T>): MaybePromise<T | DamagedRecord> {
  return rescue<T | DamagedRecord>(look, (error) => damagedBy(id, error))
}

/** Returns a damaged record if the error reports one. Throws any other error. */
export function damagedBy(id: SessionId, error: unknown): DamagedRecord {
  if (error instanceof SessionError && error.code === 'ERR_RECORD_DAMAGED') return { kind: 'damaged', id }
  throw error
}
