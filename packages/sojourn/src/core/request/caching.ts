import type { Carrier, HeaderChange } from '../contracts/carrier.ts'

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

export const NO_HEADERS: readonly HeaderChange[] = []

/** The headers that most responses need, made once for all of them. */
export interface CachingHeaders {
  /** With a token: no cache may keep the response, whatever the application set. */
  readonly token: readonly HeaderChange[]
  readonly noStore: readonly HeaderChange[]
  readonly onlyPrivate: readonly HeaderChange[]
}

export function toCachingHeaders(carriers: readonly Pick<Carrier, 'vary'>[]): CachingHeaders {
  const names = new Set(carriers.map(({ vary }) => vary))
  const vary: HeaderChange = { name: 'vary', value: [...names].join(', '), how: 'append' }
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
