import type { RequestView } from '../../core/contracts/carrier.ts'
import type { Sight } from '../../core/contracts/guard.ts'
import { hidesClients } from '../_hides-clients.ts'
import { networkOf } from '../_network.ts'
import type { Bursts } from './_bursts.ts'
import { createMemory } from './_remember.ts'
import type { Signal } from './_signal.ts'

/** Requests that were on their way when the session ended, and other tabs, are honest. */
const ON_THE_WAY_MS = 120_000

/** How long a session is known to have been reported. */
const DAY_MS = 86_400_000

/** What a refused token says. Each session is reported once a day by this process. */
export function createRefusals(bursts: Bursts): (sight: Sight) => Signal | null {
  const reported = createMemory<true>(2000, DAY_MS)

  function once(id: string, signal: Signal): Signal | null {
    const key = `${signal.finding} ${id}`
    if (reported.get(key)) return null
    reported.set(key, true)
    return signal
  }

  return ({ refused, refusedSession, view, carrier, now }) => {
    if (refused === 'malformed' || refused === 'forged' || refused === 'unknown') {
      const id = refusedSession?.id ?? digest(carrier.read(view).values.join())
      return bursts.count('probe', toClientNetwork(view), Number(now), id)
    }
    if (refusedSession === null) return null
    const { id, endReason, endedAt } = refusedSession
    if (refused === 'reused') return once(id, REUSED)
    if (refused !== 'ended' || endedAt === null || Number(now) - Number(endedAt) < ON_THE_WAY_MS) return null
    if (endReason === 'logout') return once(id, AFTER_LOGOUT)
    return endReason === 'login' ? once(id, AFTER_LOGIN) : null
  }
}

/** A household or a company, as `rateLimits` counts it. `null` if the address is not that of the client. */
export function toClientNetwork(view: RequestView): string | null {
  const network = networkOf(view.peer, 32, 56)
  return network === 'unknown' || hidesClients(view) ? null : network
}

/** Tells texts that name no session apart. It is too short to find the text again. */
function digest(text: string): string {
  let h = 2166136261
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  return (h >>> 0).toString(36)
}

const REUSED: Signal = {
  finding: 'token-reused',
  score: 0.5,
  message:
    'A token was presented that was replaced a while ago, so there is a copy. A very late request, or a browser that restored old cookies, does this too.',
}
const AFTER_LOGOUT: Signal = {
  finding: 'used-after-logout',
  score: 0.5,
  message:
    'A token was presented after its logout. The browser deleted it, so somebody may have kept a copy. A restored browser, or an app that keeps its cookies, does this too.',
}
const AFTER_LOGIN: Signal = {
  finding: 'used-after-login',
  score: 0.5,
  message:
    'A token from before a login was presented after it. The login replaced it, so somebody may have planted or copied it (session fixation).',
}
