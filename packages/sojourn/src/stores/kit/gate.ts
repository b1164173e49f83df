import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { rescue } from '../../core/lib/maybe.ts'
import { toQuietCause } from './driver-errors.ts'

/** Wraps every call of a store. */
export interface Gate {
  /** Runs `work`. Throws `ERR_CLOSED` once the store is closed. Converts what `work` throws to a `SessionError`. */
  ask<T>(operation: string, work: () => MaybePromise<T>): MaybePromise<T>
  /** Closes the gate and then the store's own connection, once. Further calls return the same result. */
  close(letGo?: () => MaybePromise<void>): MaybePromise<void>
}

/**
 * Creates the gate of a store. `name` is the store's name: `redis`. `toError` converts a driver's error to a `SessionError`. By
 * default each error becomes `ERR_STORE`, with a cause that quotes nothing that the store was given.
 *
 * ```ts
 * const { ask, close } = createGate('files')
 * return { read: (id) => ask('read', () => load(id)), close: () => close() }
 * ```
 */
export function createGate(
  name: string,
  toError: (operation: string, error: unknown) => SessionError = (operation, error) =>
    new SessionError('ERR_STORE', `${name}: ${operation} failed.`, toQuietCause(error)),
): Gate {
  let isClosed = false
  let closing: MaybePromise<void>

  return {
    ask(operation, work) {
      if (isClosed) throw new SessionError('ERR_CLOSED', `The store ${name} was called after close().`)
      return rescue(work, (error) => {
        throw error instanceof SessionError ? error : toError(operation, error)
      })
    },
    close(letGo) {
      if (!isClosed) {
        isClosed = true
        closing = letGo?.()
      }
      return closing
    },
  }
}
