import type { Timing } from '../../stores/around/wrapper.ts'

/** How many sessions each issuer may still end. */
export interface Budget {
  /** How long the issuer has to wait; 0: not at all. */
  waitMs(issuer: string): number
  /** Whether the issuer may end this many now. Before they end, because other events come meanwhile. */
  take(issuer: string, count: number): boolean
}

const MINUTE = 60_000

/** Whoever holds an issuer's key could log everybody out. A flood is slowed down, and somebody learns of it. */
export function createBudget(perMinute: number, timing: Timing): Budget {
  const spent = new Map<string, { readonly since: number; count: number }>()

  function current(issuer: string): { readonly since: number; count: number } {
    const now = timing.uptime()
    const found = spent.get(issuer)
    if (found !== undefined && now - found.since < MINUTE) return found
    const fresh = { since: now, count: 0 }
    spent.set(issuer, fresh)
    return fresh
  }

  function waitMs(issuer: string): number {
    const { since, count } = current(issuer)
    return count < perMinute ? 0 : Math.max(1, since + MINUTE - timing.uptime())
  }

  return {
    waitMs,
    take(issuer, count) {
      // The last one may exceed the limit. Otherwise a user with more sessions than that could never be logged out.
      if (count > 0 && waitMs(issuer) > 0) return false
      current(issuer).count += count
      return true
    },
  }
}
