import type { Carrier, HeaderChange } from './carrier.ts'
import { isRemembered } from './infos.ts'
import type { State } from './state.ts'
import { expiryOf } from './timeouts.ts'

export const NO_HEADERS: readonly HeaderChange[] = []

/**
 * Headers that some caches obey instead of `Cache-Control`: HTTP/1.0's, RFC 9213's and what CDNs made of it, and those
 * of the surrogates of Fastly and Varnish, Akamai, LiteSpeed and nginx.
 */
export const CACHE_OVERRIDES: readonly string[] = [
  'expires',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'akamai-cache-control',
  'surrogate-control',
  'edge-control',
  'x-litespeed-cache-control',
  'x-accel-expires',
]

/** The answers that most responses need, made once for all of them. */
export interface CachingHeaders {
  /** With a token: no cache may keep it, whatever the application wanted. */
  readonly token: readonly HeaderChange[]
  readonly noStore: readonly HeaderChange[]
  readonly onlyPrivate: readonly HeaderChange[]
}

export function toCachingHeaders(carrier: Carrier): CachingHeaders {
  const vary: HeaderChange = { name: 'vary', value: carrier.vary, how: 'append' }
  const withControl = (value: string, how: HeaderChange['how']): readonly HeaderChange[] => [
    vary,
    { name: 'cache-control', value, how },
  ]
  return {
    token: [
      ...withControl('no-store', 'replace'),
      ...CACHE_OVERRIDES.map((name): HeaderChange => ({ name, value: '', how: 'replace' })),
    ],
    noStore: withControl('no-store', 'default'),
    onlyPrivate: withControl('private, no-cache', 'default'),
  }
}

/** What a response must carry for the session's sake, as values. */
export function toHeaders(state: State): readonly HeaderChange[] {
  const { engine, view, answer, extraHeaders } = state
  if (answer === 'keep' && extraHeaders.length === 0) return caching(state)
  // A good token may be among the strays: they go when it is set again, or with all others.
  const cleared = state.strays && answer !== 'keep' ? engine.carrier.clearStrays(view) : NO_HEADERS
  const token = answer === 'write' ? writeToken(state) : answer === 'clear' ? engine.carrier.clear(view) : NO_HEADERS
  const setsToken = token.length > 0 || cleared.length > 0
  return [...cleared, ...token, ...extraHeaders, ...(setsToken ? engine.caching.token : caching(state))]
}

/** A remembered session outlives the browser; the token is kept no longer than the server honours it. */
function writeToken({ engine, view, held }: State): readonly HeaderChange[] {
  if (held === null) return NO_HEADERS
  const { record, parts } = held
  const endsAt = expiryOf({ ...record, lastSeenAt: Number.POSITIVE_INFINITY }, engine.limits)
  const remainingSeconds = Math.floor((endsAt - engine.clock()) / 1000)
  return engine.carrier.write(view, engine.tokens.toToken(parts), {
    maxAgeSeconds: isRemembered(engine, record) ? Math.max(1, remainingSeconds) : null,
  })
}

/**
 * No shared cache may keep a response that depends on a session (ASVS 5.0 14.3.2). What a logged-in user saw is kept
 * nowhere, so that *back* after logout shows nothing. An application that looks at the session and still calls its
 * response `public` knows that it is the same for everybody, so its own `Cache-Control` stays.
 */
function caching({ engine, accessed, held }: State): readonly HeaderChange[] {
  if (!accessed) return NO_HEADERS
  return held !== null && held.record.userId !== null ? engine.caching.noStore : engine.caching.onlyPrivate
}
