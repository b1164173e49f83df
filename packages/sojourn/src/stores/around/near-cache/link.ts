import type { MaybePromise } from '../../../core/contracts/store.ts'
import { isPromise } from '../../../core/lib/maybe.ts'
import type { Bus, BusListener } from './bus.ts'

/** The near cache's connection to its bus. It is up while a recent proof holds. */
export interface Link {
  /**
   * Whether everything that others published has arrived here. Asks the bus for the next proof when it is due. Costs nothing
   * while idle.
   */
  isUp(now: number): boolean
  /** Whether it failed since the last proof. Before the first proof it is neither up nor down. */
  isDown(): boolean
  start(): void
  stop(): MaybePromise<void>
}

export interface LinkOptions {
  readonly bus: Bus
  /** How long a proof holds, in ms. */
  readonly windowMs: number
  readonly uptime: () => number
  readonly changed: BusListener['changed']
  /** Called before anything else is used: messages may have been missed. */
  readonly lost: () => void
  readonly tell: (kind: 'link-up' | 'link-down', error?: unknown) => void
}

/** The delay before the next proof after a failure. */
const AGAIN_MS = 250

/**
 * Uses no timer: reads ask for proof twice in each window, and a proof holds from the moment it was requested. So the first read
 * after the window notices a bus that died silently.
 */
export function createLink({ bus, windowMs, uptime, changed, lost, tell }: LinkOptions): Link {
  let stopListening: (() => MaybePromise<void>) | null = null
  let provedAt = Number.NEGATIVE_INFINITY
  let askAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  /** The proof that is still awaited. Answers to earlier requests are ignored. */
  let open: symbol | null = null
  let state: 'new' | 'up' | 'down' = 'new'

  function become(next: 'up' | 'down', error?: unknown): void {
    if (state === next) return
    state = next
    tell(`link-${next}`, error)
  }

  function fail(error?: unknown): void {
    open = null
    askAt = Math.min(askAt, uptime() + AGAIN_MS)
    provedAt = Number.NEGATIVE_INFINITY
    lost()
    become('down', error)
  }

  function ask(now: number): void {
    const question = Symbol()
    open = question
    askedAt = now
    askAt = now + windowMs / 2
    const pass = (): void => {
      if (open !== question) return
      open = null
      provedAt = now
      become('up')
    }
    const miss = (error: unknown): void => {
      if (open === question) fail(error)
    }
    try {
      const answer = bus.probe()
      if (isPromise(answer)) answer.then(pass, miss)
      else pass()
    } catch (error) {
      miss(error)
    }
  }

  return {
    isUp(now) {
      if (open !== null && now - askedAt >= windowMs) fail()
      if (open === null && now >= askAt) ask(now)
      return now - provedAt < windowMs
    },
    isDown: () => state === 'down',
    start() {
      if (stopListening !== null) return
      stopListening = bus.subscribe({ changed, lost: fail })
      ask(uptime())
    },
    stop() {
      open = null
      const stop = stopListening
      stopListening = null
      return stop?.()
    },
  }
}
