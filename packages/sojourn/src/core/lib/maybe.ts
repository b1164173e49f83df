import type { MaybePromise } from '../contracts/store.ts'

/** Whether the value is a promise. A synchronous store keeps the whole request synchronous. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  // Session data may have a key of this name.
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * Returns `next(value, given)`, synchronously or once the value is there. What every request runs passes `given` instead of making a
 * closure.
 */
export function chain<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U>
export function chain<T, U, Given>(
  value: MaybePromise<T>,
  next: (value: T, given: Given) => MaybePromise<U>,
  given: Given,
): MaybePromise<U>
export function chain<T, U, Given>(
  value: MaybePromise<T>,
  next: (value: T, given: Given) => MaybePromise<U>,
  given?: Given,
): MaybePromise<U> {
  return isPromise(value) ? later(value, next, given as Given) : next(value, given as Given)
}

function later<T, U, Given>(
  value: Promise<T>,
  next: (value: T, given: Given) => MaybePromise<U>,
  given: Given,
): Promise<U> {
  return value.then((late) => next(late, given))
}

/** Runs `work`, and passes whatever it throws or rejects with to `recover`. */
export function rescue<T>(work: () => MaybePromise<T>, recover: (error: unknown) => MaybePromise<T>): MaybePromise<T> {
  try {
    const value = work()
    return isPromise(value) ? value.catch(recover) : value
  } catch (error) {
    return recover(error)
  }
}

/** Calls a function of the application's, and passes whatever it throws, or rejects with later, to `fail`. */
export function attempt(work: () => unknown, fail: (error: unknown) => void): void {
  try {
    const value = work()
    // It may be a promise of another realm, as with Jest, or the query of a library, which runs when it is awaited.
    if (isPromise(value)) Promise.resolve(value).catch(fail)
  } catch (error) {
    fail(error)
  }
}

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

/** Returns the object without the properties that are `undefined`, because stores treat both the same. */
export function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof defined<T>
  >
}
