import { isPromise } from './maybe.ts'
import type { MaybePromise } from './store.ts'

/** Runs `work` when all work that came before under this name is done. Nothing is kept for a name that nobody waits on. */
export function takeTurn<T>(
  turns: Map<string, Promise<unknown>>,
  name: string,
  work: () => MaybePromise<T>,
): MaybePromise<T> {
  const before = turns.get(name)
  const mine = before === undefined ? work() : before.then(work)
  if (!isPromise(mine)) return mine
  const done = mine.then(ignore, ignore).then(() => {
    if (turns.get(name) === done) turns.delete(name)
  })
  turns.set(name, done)
  return mine
}

function ignore(): void {}
