import type { MaybePromise } from '../core/contracts/store.ts'
import { isPromise } from '../core/lib/maybe.ts'

/** Goes on with what `work` gives, or with its error, in the same turn when that is there at once. */
export function settle<T, Result>(
  work: () => MaybePromise<T>,
  done: (value: T) => MaybePromise<Result>,
  fail: (error: unknown) => Result,
): MaybePromise<Result> {
  let value: MaybePromise<T>
  try {
    value = work()
  } catch (error) {
    return fail(error)
  }
  return isPromise(value) ? value.then(done, fail) : done(value)
}
