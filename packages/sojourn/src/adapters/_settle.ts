import type { MaybePromise } from '../core/contracts/store.ts'
import { isPromise } from '../core/lib/maybe.ts'

/** Calls `done` with the result of `work`, or `fail` with its error. Synchronous if `work` is. */
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
