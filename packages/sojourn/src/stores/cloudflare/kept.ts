import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import { asHead } from '../kit/records.ts'

/**
 * What is stored beside a record: how long it is kept, and how long its entry in the user's list is kept, in ms of the platform's
 * clock.
 */
export interface Kept {
  readonly value: SessionRecord | Tombstone
  readonly deleteAt: number
  readonly until: number
}

/** Throws `ERR_RECORD_DAMAGED` if the text is not ours. The error quotes nothing of what is stored. */
export function parseKept(store: string, text: string): Kept {
  try {
    const kept = JSON.parse(text) as Kept
    if (kept.value.kind === 'live') asHead(kept.value.head)
    if (kept.value.kind === 'live' || kept.value.kind === 'ended') return kept
  } catch {
    // The error of JSON.parse is dropped because it quotes the text.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', `${store}: a stored value is not a record of this store.`)
}
