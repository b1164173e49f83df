import type { Timing } from '../../stores/around/wrapper.ts'

/** How many sessions each issuer may still end. */
export interface Budget {
  /** How long the issuer has to wait; 0: not at all. */
  waitMs(issuer: string): number
  spend(issuer: string, count: number): void
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

  return {
    waitMs(issuer: string): number {
      const { since, count } = current(issuer)
      return count < perMinute ? 0 : Math.max(1, since + MINUTE - timing.uptime())
    },
    spend(issuer: string, count: number): void {
      current(issuer).count += count
    },
  }
}
