import type { Check } from '../model/check.ts'

/**
 * Checks that take logins of their own, what matters most first: applications limit logins, and samples can do with what
 * is left. Those that are not named only look, mostly at one session they share, and come before.
 */
const LOGINS_FROM_HERE = [
  'logout-ends-session',
  'fixation',
  'refresh-rotation',
  'password-change',
  'logout-everywhere',
  'cross-site-requests',
  'new-login-ends-old',
  'clear-site-data',
  'puzzling',
  'browser-exposure',
  'concurrent-sessions',
  // What it sends may have the address shut out.
  'unknown-ids',
  'timeouts',
  'token-strength',
]

/** The order they are run in; they are reported in the order they were given. */
export const inRunOrder = (checks: readonly Check[]): readonly Check[] =>
  checks.toSorted((a, b) => LOGINS_FROM_HERE.indexOf(a.id) - LOGINS_FROM_HERE.indexOf(b.id))
