import { createNonce } from '../../core/token/secrets.ts'

/**
 * Finds out which ends of sessions a change of an account caused, in this process. Whoever tells of the change, also after a crash,
 * then makes an event with the same id.
 */
export interface Causes {
  /** The cause of an end; `null` if no change of an account is told with this reason. */
  ofEnd(userId: string, reason: string): string | null
  /** The cause of the ends that this change brought before it was reported; `null` if there were none. */
  take(userId: string, change: string): string | null
}

/** Reasons that are told as changes of a credential too. */
const CHANGES: readonly string[] = ['password-changed', 'factor-changed']
/** Shorter than notes wait before they are recovered by default: a later change is another one, and must not look like one that was told. */
const LIFE_MS = 5000

export function createCauses(uptime: () => number = () => performance.now()): Causes {
  const known = new Map<string, { readonly cause: string; readonly until: number }>()
  const nameOf = (userId: string, reason: string): string => `${reason} ${userId}`

  function forget(): void {
    for (const [name, { until }] of known) if (until <= uptime()) known.delete(name)
  }

  return {
    ofEnd(userId, reason) {
      if (!CHANGES.includes(reason)) return null
      forget()
      const name = nameOf(userId, reason)
      const found = known.get(name) ?? { cause: createNonce(), until: uptime() + LIFE_MS }
      known.set(name, found)
      return found.cause
    },
    take(userId, change) {
      forget()
      const name = nameOf(userId, change)
      const cause = known.get(name)?.cause ?? null
      known.delete(name)
      return cause
    },
  }
}
