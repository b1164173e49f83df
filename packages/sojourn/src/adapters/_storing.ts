import type { Exchange } from '../core/contracts/exchange.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { settle } from '../core/lib/maybe.ts'
import { reportMistake } from './_answer.ts'

/** The half of an exchange that a response drives. */
export type Storing = Pick<Exchange<object>, 'commit' | 'finish' | 'salvage'>

/** Finishes for a client that has left: nothing waits for the result, so errors are printed. */
export function finishQuietly(exchange: Storing): MaybePromise<void> {
  return settle(
    () => exchange.finish(),
    () => {},
    reportMistake,
  )
}
