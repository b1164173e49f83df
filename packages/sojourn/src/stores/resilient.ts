import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise, Store } from '../core/contracts/store.ts'
import { isPromise, rescue } from '../core/lib/maybe.ts'
import { createObservers } from './observers.ts'
import { isOutage } from './outage.ts'
import { createBreaker, type Leave } from './resilient/breaker.ts'
import { type Timing, toTiming } from './timing.ts'

export type { Timing } from './timing.ts'

export interface ResilientStoreOptions {
  /** How long one call may take. Default `'2s'`. */
  readonly timeout?: Duration
  /** After this many failed calls in a row the store is not asked for a while. Default 5. */
  readonly failures?: number
  /** The first while; each further one is twice as long. Default `'100ms'`. */
  readonly pause?: Duration
  /** The longest while. Default `'2s'`. */
  readonly maxPause?: Duration
  /** Calls that may wait for the store at once. Default 1000. */
  readonly maxInFlight?: number
  /** For tests. */
  readonly timing?: Partial<Timing>
}

/**
 * A store in front of another that does not let a slow or dead one take the application with it: each call has a time limit,
 * calls in flight have a bound, and a store that keeps failing is left alone, but for one call now and then to see whether it
 * is back. Refused calls reject with `ERR_STORE_TIMEOUT` or `ERR_STORE_UNAVAILABLE` at once; adapters answer 503.
 *
 * A write is never tried twice, for nobody knows whether the first was done. One that timed out may still be.
 */
export function resilientStore(store: Store, options: ResilientStoreOptions = {}): Store {
  const { timeoutMs, maxInFlight, timing, ...limits } = toSettings(options)
  const { observe, tell } = createObservers(store)
  const breaker = createBreaker({ ...limits, timing, changed: (kind) => tell({ name: store.name, kind }) })
  let inFlight = 0
  let isFull = false

  function unavailable(why: string): SessionError {
    return new SessionError('ERR_STORE_UNAVAILABLE', `${store.name}: ${why}.`)
  }

  function enter(operation: string): Leave {
    if (inFlight >= maxInFlight) {
      if (!isFull) tell({ name: store.name, kind: 'overload', operation })
      isFull = true
      throw unavailable(`${maxInFlight} calls are waiting`)
    }
    const leave = breaker.enter()
    if (leave === null) throw unavailable('calls in a row failed')
    inFlight++
    return (outcome) => {
      inFlight--
      if (inFlight <= maxInFlight / 2) isFull = false
      leave(outcome)
    }
  }

  function run<T>(operation: string, work: () => MaybePromise<T>): MaybePromise<T> {
    const leave = enter(operation)
    try {
      const answer = work()
      if (isPromise(answer)) return withinLimit(operation, leave, answer)
      leave('good')
      return answer
    } catch (error) {
      leave(outcomeOf(error))
      throw error
    }
  }

  /** What comes after the limit is dropped, a rejection too. */
  function withinLimit<T>(operation: string, leave: Leave, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false
      function settle(outcome: 'good' | 'bad', finish: () => void): void {
        if (isOver) return
        isOver = true
        cancel()
        leave(outcome)
        finish()
      }
      function expire(): void {
        settle('bad', () => {
          tell({ name: store.name, kind: 'timeout', operation })
          reject(new SessionError('ERR_STORE_TIMEOUT', `${store.name}: no answer to ${operation} in ${timeoutMs} ms.`))
        })
      }
      // Where it was this process that stood still, the answer is waiting to be read, and timers come first.
      let cancel = timing.after(timeoutMs, () => {
        cancel = timing.after(1, expire)
      })
      answer.then(
        (value) => settle('good', () => resolve(value)),
        (error: unknown) => settle(outcomeOf(error), () => reject(error)),
      )
    })
  }

  const { setup, sweep, scan, readNow, lacks } = store
  return {
    name: store.name,
    ...(lacks !== undefined && { lacks }),
    observe,
    create: (record) => run('create', () => store.create(record)),
    write: (id, change) => run('write', () => store.write(id, change)),
    end: (id, tombstone) => run('end', () => store.end(id, tombstone)),
    list: (userId) => run('list', () => store.list(userId)),

    /** Once more at once, for an idle connection that was closed is found out by its first use. */
    read(id) {
      const ask = (): ReturnType<Store['read']> => run('read', () => store.read(id))
      return rescue(ask, (error) => {
        if (breaker.state !== 'closed' || !isBroken(error)) throw error
        return ask()
      })
    },

    ...(readNow !== undefined && { readNow: (id) => run('readNow', () => readNow.call(store, id)) }),
    ...(sweep !== undefined && { sweep: (now, limit) => run('sweep', () => sweep.call(store, now, limit)) }),
    ...(scan !== undefined && { scan: (cursor, limit) => run('scan', () => scan.call(store, cursor, limit)) }),
    ...(setup !== undefined && { setup: () => setup.call(store) }),
    close: () => store.close(),
  }
}

function outcomeOf(error: unknown): 'good' | 'bad' {
  return isOutage(error) ? 'bad' : 'good'
}

/** It failed by itself, and soon: not for a limit of time, or of ours. */
function isBroken(error: unknown): boolean {
  return isOutage(error) && (!(error instanceof SessionError) || error.code === 'ERR_STORE')
}

interface Settings {
  readonly timeoutMs: number
  readonly failures: number
  readonly pauseMs: number
  readonly maxPauseMs: number
  readonly maxInFlight: number
  readonly timing: Timing
}

function toSettings(options: ResilientStoreOptions): Settings {
  const { timeout = '2s', failures = 5, pause = '100ms', maxPause = '2s', maxInFlight = 1000, timing } = options
  const pauseMs = toMs(pause, 'resilientStore: pause')
  const maxPauseMs = toMs(maxPause, 'resilientStore: maxPause')
  if (pauseMs > maxPauseMs) throw new SessionError('ERR_OPTION', 'resilientStore: pause must not exceed maxPause.')
  for (const [name, count] of Object.entries({ failures, maxInFlight })) {
    if (!Number.isSafeInteger(count) || count < 1)
      throw new SessionError('ERR_OPTION', `resilientStore: ${name} must be a whole number above zero.`)
  }
  const timeoutMs = toMs(timeout, 'resilientStore: timeout')
  return { timeoutMs, failures, pauseMs, maxPauseMs, maxInFlight, timing: toTiming(timing) }
}
