import { randomBytes, randomUUID } from 'node:crypto'
import { appOf, variant } from './cookie-variant.ts'
import { either } from './cookie-variants.ts'
import { withoutToken } from './recipes.ts'
import * as twist from './twists.ts'
import type { Variant } from './variant.ts'
import * as ids from './weak-ids.ts'

const from = (headers: { origin?: string | undefined; referer?: string | undefined }) =>
  headers.origin ?? headers.referer
const forged = {
  'cross-site-requests/other sites': 'fail',
  'cross-site-requests/hosts of the same site': 'inform',
} as const
const open = { 'cookie-attributes/cookie sid: SameSite': 'fail' } as const

/** A defence of the application's own against forged requests, without SameSite to help. */
const guarded = (name: string, allows: Parameters<typeof twist.guards>[0], isGood = false) =>
  variant(
    name,
    { switches: { forgery: 'none', sameSite: null }, twists: [twist.guards(allows)], recipe: withoutToken },
    { ...open, ...(isGood ? {} : forged) },
  )

const sameHost = (url: string, host: string | undefined) => URL.canParse(url) && new URL(url).host === host

const guards = [
  guarded(
    'the Referer is looked at, when there is one',
    ({ headers }) => headers.referer === undefined || sameHost(headers.referer, headers.host),
  ),
  guarded(
    'the origin null is accepted',
    ({ headers: { origin, host } }) => origin === undefined || origin === 'null' || sameHost(origin, host),
  ),
  guarded(
    'the beginning of the origin is looked at',
    ({ headers }) => headers.origin === undefined || headers.origin.startsWith('http://127.0.0.1'),
  ),
  guarded(
    'look-alike: Sec-Fetch-Site is looked at',
    ({ headers }) => ['same-origin', 'none'].includes(String(headers['sec-fetch-site'])),
    true,
  ),
  guarded(
    'look-alike: an own origin or referrer is required',
    ({ headers }) => sameHost(from(headers) ?? '', headers.host),
    true,
  ),
  variant(
    'a token is looked at when there is one',
    { switches: { forgery: 'token, if there is one', sameSite: null } },
    { ...open, ...forged },
  ),
]

const strength = (name: string, makeId: () => string, verdict: 'pass' | 'inform' | 'fail'): Variant => ({
  ...variant(`ids: ${name}`, { samples: 200, only: ['token-strength'] }, { 'token-strength/cookie sid': verdict }),
  app: () => appOf({ switches: { makeId } }),
})

const strengths = [
  ...Object.entries(ids.randomIds).map(([name, makeId]) => strength(name, makeId, 'pass')),
  // ASVS requires 128 bits. A UUID has 122.
  strength('UUIDs of version 4', randomUUID, 'inform'),
  strength('UUIDs of version 1', ids.uuid1(), 'fail'),
  strength('64 random bits', () => randomBytes(8).toString('hex'), 'inform'),
]

const others = [
  // The page after it gives visitors another value.
  variant('look-alike: logout keeps the cookie, and ends the session', { twists: [twist.leavesCookie] }),
  variant(
    'an id of signs that addresses escape, in a link',
    {
      switches: { makeId: () => `${randomBytes(18).toString('base64')}+/` },
      twists: [twist.prints((sid) => `<a href="/help?s=${encodeURIComponent(sid)}">Help</a>`)],
    },
    { 'exposure/addresses': 'fail', 'exposure/pages': 'fail' },
  ),
  variant(
    'the id is accepted from the path',
    { twists: [twist.takesFromPath] },
    { 'exposure/taken from an address': 'fail' },
  ),
  variant(
    'a second cookie, which scripts can read, contains the id',
    { twists: [twist.copiesToScripts] },
    {
      'token-contents/cookie sid_for_scripts: content': 'pass',
      'cookie-attributes/cookie sid_for_scripts: Secure': 'cannot-judge',
      'cookie-attributes/cookie sid_for_scripts: HttpOnly': 'fail',
      'cookie-attributes/cookie sid_for_scripts: SameSite': 'pass',
      'cookie-attributes/cookie sid_for_scripts: prefix': 'inform',
      'cookie-attributes/cookie sid_for_scripts: Domain': 'pass',
      'cookie-attributes/cookie sid_for_scripts: lifetime': 'pass',
    },
  ),
  variant(
    'one of two outlives logging out everywhere',
    { switches: { carriers: 'either', everywhere: 'own' } },
    { 'logout-everywhere/other session': 'fail' },
    either,
  ),
]

/** Where it takes a second look. */
export const harderVariants: readonly Variant[] = [...guards, ...strengths, ...others]
