import type { Timing } from '../wrapper.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** `good`: the store answered, even with a refusal. `none`: the call is made once more, and that one counts. */
export type Outcome = 'good' | 'bad' | 'none'

/** Reports the outcome of a call. */
export type Leave = (outcome: Outcome) => void

/** Lets calls through until several in a row failed, then one at a time, after growing pauses. */
export interface Breaker {
  readonly state: BreakerState
  /** `null` if no call may be made now. */
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

  /** Half of the pause is random, so that many nodes do not return at the same moment. */
  function open(): void {
    const ms = Math.min(maxPauseMs, pauseMs * 2 ** pauses)
    pauses++
    openUntil = timing.uptime() + ms * (0.5 + timing.random() / 2)
    become('open')
  }

  function leave(outcome: Outcome): void {
    // The outcome of an earlier call does not matter now.
    if (state !== 'closed' || outcome === 'none') return
    failed = outcome === 'good' ? 0 : failed + 1
    if (failed >= failures) open()
  }

  function leaveProbe(outcome: Outcome): void {
    if (outcome !== 'good') open()
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
