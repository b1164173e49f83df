import type { MaybePromise } from '../../core/contracts/store.ts'
import { isPromise } from '../../core/lib/maybe.ts'
import type { Bus, BusListener } from './bus.ts'

/** The near cache's connection to its bus: up while that was proved a moment ago. */
export interface Link {
  /** Whether what others published has arrived here. Asks the bus for the next proof when it is time: idle, it costs nothing. */
  isUp(now: number): boolean
  /** It failed since it was last proved. Before the first proof it is neither up nor down. */
  isDown(): boolean
  start(): void
  stop(): MaybePromise<void>
}

export interface LinkOptions {
  readonly bus: Bus
  /** How long a proof lasts, ms. */
  readonly windowMs: number
  readonly uptime: () => number
  readonly changed: BusListener['changed']
  /** Called before anything else is believed: messages may have been missed. */
  readonly lost: () => void
  readonly tell: (kind: 'link-up' | 'link-down', error?: unknown) => void
}

/** After a failure, so that it is up again soon. */
const AGAIN_MS = 250

/**
 * No timer: reads ask for proof twice in each window, and a proof counts from the moment it was asked for. A bus that is dead
 * without a word is therefore noticed within one window, by the first read after it.
 */
export function createLink({ bus, windowMs, uptime, changed, lost, tell }: LinkOptions): Link {
  let stopListening: (() => MaybePromise<void>) | null = null
  let provedAt = Number.NEGATIVE_INFINITY
  let askAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  /** The question that is not answered yet. Answers to others come too late. */
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
