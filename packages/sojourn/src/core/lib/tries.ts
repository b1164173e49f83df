import { SessionError } from '../contracts/errors.ts'

/** Each failed try means that another writer got through, so this many in a row is no accident. */
export const MAX_TRIES = 100

/** The number of the next try, after a write met a conflict. `ERR_CONTENTION` when there were too many. */
export function nextTry(tries: number): number {
  if (tries + 1 < MAX_TRIES) return tries + 1
  throw new SessionError('ERR_CONTENTION', 'Nothing was stored. Retry the request.')
}
