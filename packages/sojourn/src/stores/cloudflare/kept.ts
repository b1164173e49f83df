import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import { asHead } from '../head.ts'

/** What a value says beside the record: until when it is kept, and its entry in the user's list, ms of the platform. */
export interface Kept {
  readonly value: SessionRecord | Tombstone
  readonly deleteAt: number
  readonly until: number
}

/** Throws `ERR_RECORD_DAMAGED`, without a word of what is stored, for what is no text of ours. */
export function parseKept(store: string, text: string): Kept {
  try {
    const kept = JSON.parse(text) as Kept
    if (kept.value.kind === 'live') asHead(kept.value.head)
    if (kept.value.kind === 'live' || kept.value.kind === 'ended') return kept
  } catch {
    // What JSON.parse says about a text quotes it.
  }
  throw new SessionError('ERR_RECORD_DAMAGED', `${store}: a value is no record.`)
}
