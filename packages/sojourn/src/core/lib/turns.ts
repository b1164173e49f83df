import { SessionError } from '../contracts/errors.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { isPromise } from './maybe.ts'

/** By name: how many work or wait, and the promise of the last one. */
export type Turns = Map<string, { length: number; last: Promise<unknown> }>

/** The maximum number that may wait, and for how long. If one gives up, those behind it no longer wait for what it waited for. */
export interface Patience {
  readonly length: number
  readonly waitMs: number
}

/**
 * Runs `work` once all earlier work under this name is done. Keeps nothing for a name that nobody waits for. With `patience`,
 * throws `ERR_CONTENTION` instead of waiting without a limit.
 */
export function takeTurn<T>(
  turns: Turns,
  name: string,
  work: () => MaybePromise<T>,
  patience?: Patience,
): MaybePromise<T> {
  const before = turns.get(name)
  if (before !== undefined && patience !== undefined && before.length >= patience.length) throw contention()
  const mine = before === undefined ? work() : waitFor(before.last, patience).then(work)
  if (!isPromise(mine)) return mine
  const line = turns.get(name) ?? { length: 0, last: mine }
  line.length++
  line.last = mine.then(ignore, ignore).then(() => {
    if (--line.length === 0) turns.delete(name)
  })
  turns.set(name, line)
  return mine
}

function waitFor(before: Promise<unknown>, patience: Patience | undefined): Promise<unknown> {
  if (patience === undefined) return before
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(contention()), patience.waitMs)
    void before.then(() => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}

function contention(): SessionError {
  return new SessionError('ERR_CONTENTION', 'An update waited too long. One inside the fn of another waits for itself.')
}

function ignore(): void {}

/** Each failed attempt means that another writer succeeded, so this many in a row are not a coincidence. */
export const MAX_TRIES = 100

/** Returns the number of the next attempt after a conflict. Throws `ERR_CONTENTION` if there were too many. */
export function nextTry(tries: number): number {
  if (tries + 1 < MAX_TRIES) return tries + 1
  throw new SessionError('ERR_CONTENTION', 'Nothing was stored. Retry the request.')
}
