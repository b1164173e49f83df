import { SessionError } from '../contracts/errors.ts'
import type { MaybePromise } from '../contracts/store.ts'
import { isPromise } from './maybe.ts'

/** By name, whoever works or waits, and when the last of them is done. */
export type Turns = Map<string, { length: number; last: Promise<unknown> }>

/** How many wait at most, and for how long. Whoever comes after one that gave up no longer waits for what that one waited for. */
export interface Patience {
  readonly length: number
  readonly waitMs: number
}

/**
 * Runs `work` when all work that came before under this name is done. Nothing is kept for a name that nobody waits on.
 * With `patience`, `ERR_CONTENTION` instead of a wait without end.
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
  return new SessionError(
    'ERR_CONTENTION',
    'An update of this key waited too long. One inside the fn of another waits for itself.',
  )
}

function ignore(): void {}
