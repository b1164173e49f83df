import { SessionError } from '../contracts/errors.ts'

/** Each failed attempt means that another writer succeeded, so this many in a row are not a coincidence. */
export const MAX_TRIES = 100

/** Returns the number of the next attempt after a conflict. Throws `ERR_CONTENTION` if there were too many. */
export function nextTry(tries: number): number {
  if (tries + 1 < MAX_TRIES) return tries + 1
  throw new SessionError('ERR_CONTENTION', 'Nothing was stored. Retry the request.')
}
