import type { HeaderChange } from '../core/contracts/carrier.ts'
import type { Guard } from '../core/contracts/guard.ts'
import type { Refusal } from '../core/contracts/session.ts'

const NO_HEADERS: readonly HeaderChange[] = []
const LOGGED_IN: readonly HeaderChange[] = [{ name: 'set-login', value: 'logged-in', how: 'default' }]
const LOGGED_OUT: readonly HeaderChange[] = [{ name: 'set-login', value: 'logged-out', how: 'default' }]

/** Refusals after which the browser has no live session. After the others, a parallel request or another cookie may have one. */
const OVER: readonly (Refusal | null)[] = ['expired', 'ended', 'unknown', 'invalid']

/**
 * Tells the browser whether a user is logged in to this site (Login Status API, W3C FedID): `Set-Login: logged-in` after a login,
 * `Set-Login: logged-out` after a logout, and in each response to a request whose session has ended on the server or has expired.
 * Browsers use it for FedCM, where this site is the identity provider: without it, Chrome shows accounts that are logged out, or
 * none. It is a guard, so that sites which need no such header send none.
 *
 * ```ts
 * const sessions = createSessions({ guards: [loginStatus()] })
 * ```
 */
export function loginStatus(): Guard {
  return {
    name: 'login-status',
    leaving({ userId, refused, refusedSession }, did) {
      if (did === 'login') return LOGGED_IN
      // A request that was on its way during a login has the token from before it, and its response may come later.
      const isOver = userId === null && OVER.includes(refused) && refusedSession?.endReason !== 'login'
      return did === 'logout' || isOver ? LOGGED_OUT : NO_HEADERS
    },
  }
}
