import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { rescue } from '../../core/lib/maybe.ts'
import { toQuietCause } from '../quiet-cause.ts'

/** What every call of a store goes through. */
export interface Gate {
  /** `work()`. `ERR_CLOSED` once the store is closed; what `work` throws comes out as a `SessionError`. */
  ask<T>(operation: string, work: () => MaybePromise<T>): MaybePromise<T>
  /** Closes the gate and then lets go of the store's own connection, once: further calls get the same answer. */
  close(letGo?: () => MaybePromise<void>): MaybePromise<void>
}

/**
 * `name` is the store's: `redis`. `toError` makes a driver's error a `SessionError`; without it each becomes `ERR_STORE`, with a
 * cause that quotes nothing the store was given.
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
      if (isClosed) throw new SessionError('ERR_CLOSED', `The store ${name}.`)
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
