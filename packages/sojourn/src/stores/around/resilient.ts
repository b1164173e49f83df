import { checkOptions, type OptionKinds } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise, Store } from '../../core/contracts/store.ts'
import { isPromise, rescue } from '../../core/lib/maybe.ts'
import { isOutage } from '../kit/driver-errors.ts'
import { type BreakerState, createBreaker, type Leave, type Outcome } from './resilient/breaker.ts'
import { createObservers, type Timing, toTiming } from './wrapper.ts'

export type { Timing } from './wrapper.ts'

export interface ResilientStoreOptions {
  /** The time limit of one call. Default `'2s'`. */
  readonly timeout?: Duration
  /** After this many failed calls in a row the store is not called for a while. A read counts as one, with its second try. Default 5. */
  readonly failures?: number
  /** The first pause. Each further one is twice as long. Default `'100ms'`. */
  readonly pause?: Duration
  /** The longest pause. Default `'2s'`. */
  readonly maxPause?: Duration
  /** The maximum number of calls that wait for the store. Default 1000. */
  readonly maxInFlight?: number
  /** For tests. */
  readonly timing?: Partial<Timing>
}

/**
 * A store in front of another that keeps a slow or dead store from stopping the application. Each call has a time limit, and the
 * number of waiting calls is limited. A store that keeps failing is not called, except for one call now and then to check whether
 * it is back. Refused calls reject immediately with `ERR_STORE_TIMEOUT` or `ERR_STORE_UNAVAILABLE`; adapters answer 503.
 *
 * A write is never repeated, because it is unknown whether the first one was made. One that timed out may still be made.
 */
export function resilientStore(store: Store, options: ResilientStoreOptions = {}): Store {
  const { timeoutMs, maxInFlight, timing, ...limits } = toSettings(options)
  const { observe, tell } = createObservers(store)
  const breaker = createBreaker({ ...limits, timing, changed })
  let inFlight = 0
  let isFull = false
  /** The outage that a refusal names as its cause: most lines of a log are about refused calls. */
  let lastOutage: unknown

  function changed(kind: BreakerState): void {
    tell({ name: store.name, kind, ...(kind === 'open' && { error: lastOutage }) })
  }

  function unavailable(why: string, cause?: unknown): SessionError {
    return new SessionError('ERR_STORE_UNAVAILABLE', `${store.name}: ${why}.`, cause)
  }

  function enter(operation: string): Leave {
    if (inFlight >= maxInFlight) {
      if (!isFull) tell({ name: store.name, kind: 'overload', operation })
      isFull = true
      throw unavailable(`${maxInFlight} calls are waiting`)
    }
    const leave = breaker.enter()
    if (leave === null) throw unavailable('calls in a row failed', lastOutage)
    inFlight++
    return (outcome) => {
      inFlight--
      if (inFlight <= maxInFlight / 2) isFull = false
      leave(outcome)
    }
  }

  function outcomeOf(error: unknown): Outcome {
    if (!isOutage(error)) return 'good'
    lastOutage = error
    return 'bad'
  }

  function run<T>(operation: string, work: () => MaybePromise<T>, judge: Judge = outcomeOf): MaybePromise<T> {
    const leave = enter(operation)
    try {
      const answer = work()
      if (isPromise(answer)) return withinLimit(operation, { leave, judge }, answer)
      leave('good')
      return answer
    } catch (error) {
      leave(judge(error))
      throw error
    }
  }

  /** Answers and rejections that arrive after the limit are dropped. */
  function withinLimit<T>(operation: string, { leave, judge }: Entered, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false
      function settle(outcome: Outcome, finish: () => void): void {
        if (isOver) return
        isOver = true
        cancel()
        leave(outcome)
        finish()
      }
      function expire(): void {
        const text = `${store.name}: no answer to ${operation} in ${timeoutMs} ms.`
        const error = new SessionError('ERR_STORE_TIMEOUT', text)
        settle(judge(error), () => {
          tell({ name: store.name, kind: 'timeout', operation })
          reject(error)
        })
      }
      // If this process was blocked, the answer may be waiting to be read, but timers run first.
      let cancel = timing.after(timeoutMs, () => {
        cancel = timing.after(1, expire)
      })
      answer.then(
        (value) => settle('good', () => resolve(value)),
        (error: unknown) => settle(judge(error), () => reject(error)),
      )
    })
  }

  const { setup, sweep, scan, readNow, watch, lacks, staleWhileDownMs } = store
  return {
    name: store.name,
    ...(lacks !== undefined && { lacks }),
    ...(staleWhileDownMs !== undefined && { staleWhileDownMs }),
    observe,
    create: (record) => run('create', () => store.create(record)),
    write: (id, change) => run('write', () => store.write(id, change)),
    end: (id, tombstone) => run('end', () => store.end(id, tombstone)),
    list: (userId) => run('list', () => store.list(userId)),

    /**
     * Reads once more immediately, because the first use of an idle connection reveals that it was closed. The two count as one
     * call: many reads that wait on one closed connection must not open the breaker in front of a store that is up.
     */
    read(id) {
      const work = (): ReturnType<Store['read']> => store.read(id)
      let repeats = false
      const judge = (error: unknown): Outcome => {
        repeats = breaker.state === 'closed' && isBroken(error)
        return repeats ? 'none' : outcomeOf(error)
      }
      return rescue(
        () => run('read', work, judge),
        (error) => {
          if (!repeats || breaker.state !== 'closed') throw error
          return run('read', work)
        },
      )
    },

    ...(readNow !== undefined && { readNow: (id) => run('readNow', () => readNow.call(store, id)) }),
    ...(sweep !== undefined && { sweep: (now, limit) => run('sweep', () => sweep.call(store, now, limit)) }),
    ...(scan !== undefined && { scan: (cursor, limit) => run('scan', () => scan.call(store, cursor, limit)) }),
    ...(watch !== undefined && { watch: (listener) => watch.call(store, listener) }),
    ...(setup !== undefined && { setup: () => setup.call(store) }),
    close: () => store.close(),
  }
}

/** What an error says about the store. */
type Judge = (error: unknown) => Outcome

/** A call that the breaker let through. */
interface Entered {
  readonly leave: Leave
  readonly judge: Judge
}

/** Whether it failed by itself, and soon: not because of a time limit or a limit of ours. */
function isBroken(error: unknown): boolean {
  return isOutage(error) && (!(error instanceof SessionError) || error.code === 'ERR_STORE')
}

const KINDS: OptionKinds<ResilientStoreOptions> = {
  timeout: 'any',
  failures: 'any',
  pause: 'any',
  maxPause: 'any',
  maxInFlight: 'any',
  timing: 'any',
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
  checkOptions(options, KINDS, 'resilientStore')
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
