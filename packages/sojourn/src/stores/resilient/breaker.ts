import type { Timing } from '../timing.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Says how a call went. `good`: the store answered, be it with a refusal. */
export type Leave = (outcome: 'good' | 'bad') => void

/** Lets calls through until several in a row failed; then one at a time, after pauses that grow. */
export interface Breaker {
  readonly state: BreakerState
  /** `null`: not now. */
  enter(): Leave | null
}

export interface BreakerOptions {
  readonly failures: number
  readonly pauseMs: number
  readonly maxPauseMs: number
  readonly timing: Pick<Timing, 'uptime' | 'random'>
  readonly changed: (state: BreakerState) => void
}

export function createBreaker({ failures, pauseMs, maxPauseMs, timing, changed }: BreakerOptions): Breaker {
  let state: BreakerState = 'closed'
  let failed = 0
  let pauses = 0
  let openUntil = 0

  function become(next: BreakerState): void {
    state = next
    changed(next)
  }

  /** Half of the pause is chance, so that many nodes do not come back at one moment. */
  function open(): void {
    const ms = Math.min(maxPauseMs, pauseMs * 2 ** pauses)
    pauses++
    openUntil = timing.uptime() + ms * (0.5 + timing.random() / 2)
    become('open')
  }

  function leave(outcome: 'good' | 'bad'): void {
    // A call from before says nothing about now.
    if (state !== 'closed') return
    failed = outcome === 'good' ? 0 : failed + 1
    if (failed >= failures) open()
  }

  function leaveProbe(outcome: 'good' | 'bad'): void {
    if (outcome === 'bad') open()
    else {
      failed = 0
      pauses = 0
      become('closed')
    }
  }

  return {
    get state() {
      return state
    },
    enter() {
      if (state === 'closed') return leave
      if (state === 'half-open' || timing.uptime() < openUntil) return null
      become('half-open')
      return leaveProbe
    },
  }
}
