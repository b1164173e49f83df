import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionRecord } from '../../core/contracts/record.ts'

const ID = /^[\w-]{1,64}$/

/** Whether a store can have this id: letters, digits, `-` and `_`, 64 at most. Any other text can come from a URL, and names no session. */
export function isStorableId(id: string): boolean {
  return ID.test(id)
}

/** `ERR_STORE` for a record whose id no store could find again. `store` is its name: `redis`. */
export function assertStorable(store: string, { id }: SessionRecord): void {
  if (!isStorableId(id)) throw new SessionError('ERR_STORE', `${store}: not an id.`)
}

/**
 * For scans in the order of ids, where the last id of a page is the cursor: `ERR_OPTION` for a text that no page ended with.
 * `store` is its name.
 */
export function assertIdCursor(store: string, cursor: string | null): void {
  if (cursor !== null && !isStorableId(cursor)) throw noCursor(store)
}

/** What a `scan` throws for a cursor that it never gave. */
export function noCursor(store: string): SessionError {
  return new SessionError('ERR_OPTION', `${store}: scan needs null, or the cursor of an earlier page.`)
}
