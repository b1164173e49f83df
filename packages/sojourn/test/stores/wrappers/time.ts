import type { Timing } from '../../../src/stores/around/wrapper.ts'
import { NOW } from '../records.ts'

export interface Time {
  readonly timing: Timing
  /** Advances both clocks, and calls due timers in order. */
  advance(ms: number): void
  /** The wall clock alone is set: by an operator, or because the machine slept. */
  setWallBy(ms: number): void
  /** Timers that are set. */
  readonly timers: readonly { readonly at: number; readonly how: 'background' | undefined }[]
  chance: number
}

/** Time that passes when the test says so. */
export function createTime(): Time {
  let up = 5000
  let wall = NOW
  const timers: { at: number; callback: () => void; how: 'background' | undefined }[] = []
  const time: Time = {
    timers,
    chance: 1,
    timing: {
      uptime: () => up,
      wall: () => wall,
      random: () => time.chance,
      after(ms, callback, how) {
        const timer = { at: up + ms, callback, how }
        timers.push(timer)
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
      },
    },
    advance(ms) {
      const until = up + ms
      for (;;) {
        timers.sort((a, b) => a.at - b.at)
        const next = timers[0]
        if (next === undefined || next.at > until) break
        timers.shift()
        wall += next.at - up
        up = next.at
        next.callback()
      }
      wall += until - up
      up = until
    },
    setWallBy(ms) {
      wall += ms
    },
  }
  return time
}

/** Everything that was going to happen without time passing has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
