import type { Check } from '../audit/audit.ts'
import { browserExposure } from './browser-exposure.ts'
import { cacheHeaders } from './cache-headers.ts'
import { carriers } from './carriers.ts'
import { clearSiteData } from './clear-site-data.ts'
import { concurrentSessions } from './concurrent-sessions.ts'
import { cookieAttributes } from './cookie-attributes.ts'
import { cookieTossing } from './cookie-tossing.ts'
import { crossOriginReads } from './cross-origin-reads.ts'
import { crossSiteRequests } from './cross-site-requests.ts'
import { deviceBound } from './device-bound.ts'
import { exposure } from './exposure.ts'
import { fixation } from './fixation.ts'
import { jwtAttacks } from './jwt-attacks.ts'
import { SNIPPETS } from './lib/snippets.ts'
import { logoutEndsSession } from './logout-ends-session.ts'
import { logoutEverywhere } from './logout-everywhere.ts'
import { newLoginEndsOld } from './new-login-ends-old.ts'
import { otherFlows } from './other-flows.ts'
import { passwordChange } from './password-change.ts'
import { refreshRotation } from './refresh-rotation.ts'
import { timeouts } from './timeouts.ts'
import { tokenContents } from './token-contents.ts'
import { tokenStrength } from './token-strength.ts'
import { transport } from './transport.ts'
import { unknownIds } from './unknown-ids.ts'

/** In the order of the report. */
export const checks: readonly Check[] = [
  carriers,
  cookieAttributes,
  cookieTossing,
  transport,
  cacheHeaders,
  fixation,
  newLoginEndsOld,
  concurrentSessions,
  exposure,
  browserExposure,
  crossOriginReads,
  tokenContents,
  tokenStrength,
  unknownIds,
  jwtAttacks,
  deviceBound,
  refreshRotation,
  logoutEndsSession,
  clearSiteData,
  otherFlows,
  timeouts,
  crossSiteRequests,
  logoutEverywhere,
  passwordChange,
].map(withSnippets)

/** Returns the check with fix code for every common framework. Code of the check's own for other frameworks stays. */
export function withSnippets(check: Check): Check {
  const common = SNIPPETS[check.id]
  if (common === undefined) return check
  const names = Object.keys(common).map((name) => name.toLowerCase())
  const own = Object.entries(check.fix.snippets ?? {}).filter(([name]) => !names.some((known) => isSame(known, name)))
  return { ...check, fix: { ...check.fix, snippets: { ...common, ...Object.fromEntries(own) } } }
}

/** `express-session` is an entry for `Express`. */
function isSame(known: string, name: string): boolean {
  return name.toLowerCase().split(/[\s-]/)[0] === known
}
