import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise, Store, StoreEvent } from '../../core/contracts/store.ts'
import { after, within as answerWithin } from '../../core/lib/within.ts'
import { type Observer, toObserver } from '../kit/observer.ts'

/** Listeners of a store's wrapper, and through it of the store. */
export interface Observers {
  observe(listener: Observer): () => void
  tell(event: StoreEvent): void
}

export function createObservers(inner: Store): Observers {
  const listeners = new Set<Observer>()
  return {
    observe(listener) {
      const own = toObserver(listener)
      listeners.add(own)
      const stop = inner.observe?.(own)
      return () => {
        listeners.delete(own)
        stop?.()
      }
    },
    tell(event) {
      for (const listener of listeners) listener(event)
    },
  }
}

/** The time and randomness that the wrappers of stores use. Omitted members default to the platform's. */
export interface Timing {
  /** Milliseconds since the epoch. May jump. */
  readonly wall: () => number
  /** Milliseconds that never run backwards, from any starting point. */
  readonly uptime: () => number
  /** Calls `callback` once, unless the returned function is called before. `background`: does not keep the process alive. */
  readonly after: (ms: number, callback: () => void, how?: 'background') => () => void
  /** From 0 up to 1. */
  readonly random: () => number
}

export function toTiming(timing: Partial<Timing> = {}): Timing {
  return { wall: Date.now, uptime: () => performance.now(), after, random: Math.random, ...timing }
}

/** Waits for what may never end, such as a function of the application. Rejects with `ERR_EVENTS` after this time. */
export function within<T>(ms: number, timing: Timing, what: string, work: MaybePromise<T>): Promise<T> {
  const late = () => new SessionError('ERR_EVENTS', `${what} did not answer in time.`)
  return answerWithin(ms, work, late, timing.after)
}
