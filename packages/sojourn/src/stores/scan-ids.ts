import { SessionError } from '../core/contracts/errors.ts'

/** Scans in the order of ids, so the last id of a page is where the next begins. */
const ID = /^[\w-]{1,64}$/

/** `ERR_OPTION` for a text that no page of such a scan ended with. */
export function assertIdCursor(store: string, cursor: string | null): void {
  if (cursor !== null && !ID.test(cursor)) throw noCursor(store)
}

export function noCursor(store: string): SessionError {
  return new SessionError('ERR_OPTION', `${store}: scan needs null, or the cursor of an earlier page.`)
}
