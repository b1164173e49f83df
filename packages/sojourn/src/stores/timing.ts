import { release } from '../core/lib/timers.ts'

/** Time and chance, as the wrappers of stores see them. What is left out is the platform's. */
export interface Timing {
  /** Milliseconds since the epoch. May jump. */
  readonly wall: () => number
  /** Milliseconds that never run backwards, from any beginning. */
  readonly uptime: () => number
  /** Calls back once, unless what it answers with is called before. `background`: does not keep the process alive. */
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
