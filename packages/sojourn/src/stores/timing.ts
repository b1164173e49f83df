import { release } from '../core/lib/timers.ts'

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

function after(ms: number, callback: () => void, how?: 'background'): () => void {
  const timer = setTimeout(callback, ms)
  if (how === 'background') release(timer)
  return () => clearTimeout(timer)
}
