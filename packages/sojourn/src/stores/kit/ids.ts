import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord } from '../../core/contracts/record.ts'

const ID = /^[\w-]{1,64}$/

/**
 * Whether a store can hold this id: at most 64 letters, digits, `-` and `_`. Any other text may come from a URL and names no
 * session.
 */
export function isStorableId(id: string): boolean {
  return ID.test(id)
}

/** Throws `ERR_STORE` for a record whose id the store could not find again. `store` is the store's name: `redis`. */
export function assertStorable(store: string, { id }: SessionRecord): void {
  if (!isStorableId(id))
    throw new SessionError('ERR_STORE', `${store}: the record's id is not at most 64 letters, digits, "-" and "_".`)
}

/**
 * For scans in the order of ids, where the last id of a page is the cursor. Throws `ERR_OPTION` if the text cannot be such a
 * cursor. `store` is the store's name.
 */
export function assertIdCursor(store: string, cursor: string | null): void {
  if (cursor !== null && !isStorableId(cursor)) throw noCursor(store)
}

/** The error that `scan` throws for a cursor that it never returned. */
export function noCursor(store: string): SessionError {
  return new SessionError('ERR_OPTION', `${store}: scan needs null, or the cursor of an earlier page.`)
}
