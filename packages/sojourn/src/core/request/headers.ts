import type { HeaderChange } from '../contracts/carrier.ts'
import { expiryOf, isRemembered } from '../contracts/timeouts.ts'
import { leavingHeaders } from './sight.ts'
import { canSend, type State } from './state.ts'

export const NO_HEADERS: readonly HeaderChange[] = []

/** Returns the headers that a response must carry for the session. */
export function toHeaders(state: State): readonly HeaderChange[] {
  const { setup, view, carrier, held } = state
  // The client has received a newer token since this one was made.
  const answer = state.answer === 'write' && held?.standing === 'outdated' ? 'keep' : state.answer
  const extraHeaders =
    setup.guards.leaving.length === 0 ? state.extraHeaders : [...state.extraHeaders, ...leavingHeaders(state)]
  if (answer === 'keep' && extraHeaders.length === 0) return caching(state)
  if (!canSend(state)) return NO_HEADERS
  // A valid token may be among the duplicates. They are cleared if it is set again, or together with all others.
  const cleared = state.duplicates && answer !== 'keep' ? (carrier.clearDuplicates?.(view) ?? NO_HEADERS) : NO_HEADERS
  const token = answer === 'write' ? writeToken(state) : answer === 'clear' ? carrier.clear(view) : NO_HEADERS
  const setsToken = token.length > 0 || cleared.length > 0
  // After those of guards, which may replace cookies.
  return [...extraHeaders, ...cleared, ...token, ...(setsToken ? setup.caching.token : caching(state))]
}

/** A remembered session outlives the browser. The token is kept no longer than the server accepts it. */
function writeToken({ setup, view, carrier, held }: State): readonly HeaderChange[] {
  if (held === null) return NO_HEADERS
  const { record, parts } = held
  const endsAt = expiryOf({ ...record, lastSeenAt: Number.POSITIVE_INFINITY }, setup.limits)
  const remainingSeconds = Math.floor((endsAt - setup.clock()) / 1000)
  return carrier.write(view, setup.tokens.toToken(parts), {
    maxAgeSeconds: isRemembered(record.head, setup.limits) ? Math.max(1, remainingSeconds) : null,
  })
}

/**
 * No shared cache may keep a response that depends on a session (ASVS 5.0 14.3.2). No cache may keep what a logged-in user saw,
 * so that *back* after logout shows nothing. If an application reads the session and still marks its response `public`, the
 * response is the same for everybody, so its own `Cache-Control` stays.
 */
function caching({ setup, accessed, held }: State): readonly HeaderChange[] {
  if (!accessed) return NO_HEADERS
  return held !== null && held.record.userId !== null ? setup.caching.noStore : setup.caching.onlyPrivate
}
