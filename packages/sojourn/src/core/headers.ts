import type { Carrier, HeaderChange } from './carrier.ts'
import { isRemembered } from './infos.ts'
import type { State } from './state.ts'
import { expiryOf } from './timeouts.ts'

export const NO_HEADERS: readonly HeaderChange[] = []

/** The two answers that most responses need, made once for all of them. */
export interface CachingHeaders {
  readonly noStore: readonly HeaderChange[]
  readonly onlyPrivate: readonly HeaderChange[]
}

export function toCachingHeaders(carrier: Carrier): CachingHeaders {
  const vary: HeaderChange = { name: 'vary', value: carrier.vary, how: 'append' }
  const withControl = (value: string): readonly HeaderChange[] => [
    vary,
    { name: 'cache-control', value, how: 'default' },
  ]
  return { noStore: withControl('no-store'), onlyPrivate: withControl('private, no-cache') }
}

/** What a response must carry for the session's sake, as values. */
export function toHeaders(state: State): readonly HeaderChange[] {
  const { engine, view, answer, extraHeaders, record } = state
  // A good token may be among the strays: they go when it is set again, or when there is none.
  const clearsStrays = state.strays && (answer === 'write' || record === null)
  if (answer === 'keep' && !clearsStrays && extraHeaders.length === 0) return caching(state)
  const cleared = clearsStrays ? engine.carrier.clearStrays(view) : NO_HEADERS
  const token = answer === 'write' ? writeToken(state) : answer === 'clear' ? engine.carrier.clear(view) : NO_HEADERS
  const setsToken = token.length > 0 || cleared.length > 0
  return [...cleared, ...token, ...extraHeaders, ...(setsToken ? engine.caching.noStore : caching(state))]
}

/** A remembered session outlives the browser; the token is kept no longer than the server honours it. */
function writeToken({ engine, view, record, parts }: State): readonly HeaderChange[] {
  if (record === null || parts === null) return NO_HEADERS
  const endsAt = expiryOf({ ...record, lastSeenAt: Number.POSITIVE_INFINITY }, engine.limits)
  const remainingSeconds = Math.floor((endsAt - engine.clock()) / 1000)
  return engine.carrier.write(view, engine.tokens.toToken(parts), {
    maxAgeSeconds: isRemembered(engine, record) ? Math.max(1, remainingSeconds) : null,
  })
}

/**
 * No shared cache may keep a response that depends on a session (ASVS 5.0 14.3.2). What a logged-in user saw is kept
 * nowhere, so that *back* after logout shows nothing.
 */
function caching({ engine, accessed, record }: State): readonly HeaderChange[] {
  if (!accessed) return NO_HEADERS
  return record !== null && record.userId !== null ? engine.caching.noStore : engine.caching.onlyPrivate
}
