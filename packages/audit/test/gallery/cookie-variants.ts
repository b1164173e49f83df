import { createHash } from 'node:crypto'
import { CAREFUL_COOKIE, SECOND_COOKIE } from './careful.ts'
import { variant } from './cookie-variant.ts'
import { logoutWithNonce, withJson, withoutToken } from './recipes.ts'
import * as twist from './twists.ts'
import { changed, renamed, type Truth, type Variant } from './variant.ts'

const fixationVariants = [
  variant(
    'the id from before the login is kept, and is the login',
    { switches: { keepsId: true } },
    {
      'fixation/kept id': 'fail',
      'fixation/given id': 'fail',
      'new-login-ends-old/second login': 'cannot-judge',
    },
  ),
  variant(
    'any id that a client brings becomes a session',
    { switches: { adopts: true } },
    {
      'fixation/kept id': 'fail',
      'fixation/given id': 'fail',
      'fixation/planted id': 'fail',
      'new-login-ends-old/second login': 'cannot-judge',
    },
  ),
  variant(
    'look-alike: the id is kept, and by itself opens nothing',
    { switches: { carriers: 'kept id beside it' }, samples: 40 },
    // A new id for the session does not help where the other cookie is the login.
    { 'password-change/copy of the own session': 'inform', 'token-contents/cookie sid: content': 'pass' },
    renamed(CAREFUL_COOKIE, 'sid', 'auth'),
  ),
  variant(
    'a second login leaves the session before alive',
    { switches: { forgetsOld: true } },
    { 'new-login-ends-old/second login': 'fail' },
  ),
]

export const either: Truth = {
  ...CAREFUL_COOKIE,
  ...SECOND_COOKIE,
  'carriers/cookie auth': 'inform',
  'password-change/copy of the own session': 'inform',
}
export const both: Truth = changed(
  { ...CAREFUL_COOKIE, ...SECOND_COOKIE },
  {
    'carriers/cookie sid': null,
    'carriers/cookie sid and cookie auth': 'inform',
    'cookie-tossing/cookie sid: case of the name': null,
    'cookie-tossing/cookie sid: sent twice': null,
    'cookie-tossing/names': 'cannot-judge',
    'exposure/taken from an address': 'cannot-judge',
  },
)

const endVariants = [
  variant('either of two cookies suffices', { switches: { carriers: 'either' }, samples: 40 }, {}, either),
  variant(
    'one of two sufficient cookies outlives the logout',
    { switches: { carriers: 'either', logout: 'session' } },
    { 'logout-ends-session/logout': 'fail' },
    either,
  ),
  variant(
    'one of two sufficient cookies outlives a changed password',
    { switches: { carriers: 'either', passwordChange: 'ends sessions' } },
    { 'password-change/other session': 'fail' },
    either,
  ),
  variant('two cookies only together', { switches: { carriers: 'both' } }, {}, both),
  variant(
    'look-alike: of two that count together one outlives the logout',
    { switches: { carriers: 'both', logout: 'session' } },
    {},
    both,
  ),
  variant(
    'logout only takes the cookie away',
    { switches: { logout: 'nothing' } },
    { 'logout-ends-session/logout': 'fail' },
  ),
  variant('look-alike: logout overwrites the cookie', { switches: { replacesAtLogout: true } }),
  variant('look-alike: a logout link with a nonce', { switches: { logoutNonce: true }, recipe: logoutWithNonce }),
  variant(
    'sessions outlive a changed password',
    { switches: { passwordChange: 'ends none' } },
    { 'password-change/other session': 'fail' },
  ),
  variant(
    'look-alike: the session that changes the password keeps its id',
    { switches: { renewsAtPasswordChange: false } },
    { 'password-change/copy of the own session': 'inform' },
  ),
  variant(
    'logging out everywhere ends one session',
    { switches: { everywhere: 'own' } },
    { 'logout-everywhere/other session': 'fail' },
  ),
  variant(
    'look-alike: one session a user',
    { switches: { oneSession: true } },
    {
      'concurrent-sessions/sessions at once': 'pass',
      // There is no other session to look at.
      'logout-everywhere/other session': 'cannot-judge',
      'password-change/other session': null,
      'password-change/copy of the own session': null,
      'password-change/change': 'cannot-judge',
    },
  ),
]

const without = (attribute: RegExp) => twist.setCookies((line) => line.replace(attribute, ''))
const plus = (attributes: string) => twist.setCookies((line) => `${line}${attributes}`)

const attributeVariants = [
  variant('no HttpOnly', { twists: [without(/; HttpOnly/)] }, { 'cookie-attributes/cookie sid: HttpOnly': 'fail' }),
  variant('no SameSite', { switches: { sameSite: null } }, { 'cookie-attributes/cookie sid: SameSite': 'fail' }),
  variant(
    'SameSite=None without Secure',
    { switches: { sameSite: 'None' } },
    { 'cookie-attributes/cookie sid: SameSite': 'fail' },
  ),
  variant(
    'look-alike: SameSite=None with Secure, and a token',
    { switches: { sameSite: 'None' }, twists: [plus('; Secure')] },
    { 'cookie-attributes/cookie sid: SameSite': 'inform', 'cookie-attributes/cookie sid: Secure': 'pass' },
  ),
  variant('look-alike: attributes in another case', {
    twists: [twist.setCookies((line) => line.replace('HttpOnly', 'httponly').replace('SameSite=Lax', 'samesite=lax'))],
  }),
  variant('a Domain', { twists: [plus('; Domain=127.0.0.1')] }, { 'cookie-attributes/cookie sid: Domain': 'inform' }),
  variant('no Path', { twists: [without(/; Path=\//)] }, { 'cookie-attributes/cookie sid: Path': 'inform' }),
  variant(
    'kept on disk',
    { twists: [twist.setCookies((line) => (line.includes('Max-Age') ? line : `${line}; Max-Age=86400`))] },
    { 'cookie-attributes/cookie sid: lifetime': 'inform' },
  ),
]

const host = renamed(CAREFUL_COOKIE, 'sid', '__Host-sid')
const overTls: Truth = changed(host, {
  'cookie-attributes/cookie __Host-sid: Secure': 'pass',
  'cookie-attributes/cookie __Host-sid: prefix': 'pass',
  'cookie-tossing/cookie __Host-sid: case of the name': 'pass',
  'transport/TLS': null,
  'transport/Strict-Transport-Security': 'pass',
})
const hsts = (seconds: number) => twist.sends({ 'strict-transport-security': `max-age=${seconds}` })
const prefixed = [twist.named('__Host-sid'), plus('; Secure')]

const tlsVariants = [
  variant('look-alike: __Host- over TLS', { tls: true, twists: [...prefixed, hsts(31_536_000)] }, {}, overTls),
  variant('no HSTS', { tls: true, twists: prefixed }, { 'transport/Strict-Transport-Security': 'fail' }, overTls),
  variant(
    'HSTS for a day',
    { tls: true, twists: [...prefixed, hsts(86_400)] },
    { 'transport/Strict-Transport-Security': 'inform' },
    overTls,
  ),
  variant(
    'no Secure over TLS',
    { tls: true, twists: [hsts(31_536_000)] },
    {
      'cookie-attributes/cookie sid: Secure': 'fail',
      'transport/TLS': null,
      'transport/Strict-Transport-Security': 'pass',
    },
  ),
]

const taken = {
  'cross-site-requests/other sites': 'fail',
  'cross-site-requests/hosts of the same site': 'inform',
} as const
const open = { 'cookie-attributes/cookie sid: SameSite': 'fail' } as const

const forgeryVariants = [
  variant(
    'look-alike: only SameSite keeps forged requests out',
    { switches: { forgery: 'none' }, recipe: withoutToken },
    {
      'cross-site-requests/other sites': 'inform',
      'cross-site-requests/hosts of the same site': 'inform',
    },
  ),
  variant(
    'a form of another site',
    { switches: { forgery: 'none', sameSite: null }, recipe: withoutToken },
    { ...taken, ...open },
  ),
  variant('a link of another site', { switches: { forgery: 'none', takesGet: true }, recipe: withoutToken }, taken),
  variant('look-alike: GET, with a token', { switches: { takesGet: true } }),
  variant(
    'JSON as text',
    { switches: { forgery: 'none', sameSite: null }, twists: [twist.wantsJson(false)], recipe: withJson },
    { ...taken, ...open },
  ),
  variant(
    'look-alike: only JSON of its own type',
    { switches: { forgery: 'none', sameSite: null }, twists: [twist.wantsJson(true)], recipe: withJson },
    open,
  ),
  variant(
    'a token that is good in any session',
    { switches: { forgery: 'token not bound', sameSite: null } },
    { ...taken, ...open },
  ),
  variant('look-alike: a token, and no SameSite', { switches: { sameSite: null } }, open),
  variant(
    'look-alike: the origin is looked at',
    { switches: { forgery: 'origin', sameSite: null }, recipe: withoutToken },
    open,
  ),
]

const anyOrigin = twist.echoesOrigin(() => true)
const none = {
  'cookie-attributes/cookie sid: SameSite': 'inform',
  'cookie-attributes/cookie sid: Secure': 'pass',
} as const
const readable = (name: string, twists: readonly twist.Twist[], verdict: 'pass' | 'fail') =>
  variant(
    name,
    { switches: { sameSite: 'None' }, twists: [plus('; Secure'), ...twists] },
    { ...none, 'cross-origin-reads/CORS': verdict },
  )
const corsVariants = [
  readable('any origin may read', [anyOrigin], 'fail'),
  readable(
    'origins compared by their beginning',
    [twist.echoesOrigin((origin) => origin.startsWith('http://127.0.0.1'))],
    'fail',
  ),
  readable(
    'look-alike: one other origin may read',
    [twist.echoesOrigin((origin) => origin === 'https://friend.example')],
    'pass',
  ),
  variant(
    'look-alike: any origin may read, and SameSite keeps the cookie',
    { twists: [anyOrigin] },
    { 'cross-origin-reads/CORS': 'inform' },
  ),
]

const link = (sid: string) => `<a href="/help?s=${sid}">Help</a>`
const digest = (sid: string) => createHash('sha256').update(sid).digest('hex')

const exposureVariants = [
  variant(
    'the id in the address after the login',
    { twists: [twist.redirectsWithId] },
    { 'exposure/addresses': 'fail' },
  ),
  variant(
    'the id in a link',
    { twists: [twist.prints(link)] },
    { 'exposure/addresses': 'fail', 'exposure/pages': 'fail' },
  ),
  variant('the id in a page', { twists: [twist.prints((sid) => `<!-- ${sid} -->`)] }, { 'exposure/pages': 'fail' }),
  variant(
    'the id in an error page',
    {
      twists: [
        twist.prints(
          (sid) => `session ${sid}`,
          ({ status }) => status === 404,
        ),
      ],
    },
    { 'exposure/pages': 'fail' },
  ),
  variant('TRACE is left on', { twists: [twist.echoesTrace] }, { 'exposure/TRACE': 'fail' }),
  variant('look-alike: a hash of the id in a page', { twists: [twist.prints((sid) => `<!-- ${digest(sid)} -->`)] }),
  variant('look-alike: the id of a visitor in the login page', {
    twists: [twist.prints((sid, { path }) => (path === '/login' ? `<!-- ${sid} -->` : ''))],
  }),
  variant(
    'the id is accepted from the address',
    { twists: [twist.takesFromAddress] },
    { 'exposure/taken from an address': 'fail' },
  ),
]

const page = (value: string) => twist.sends({ 'cache-control': value }, ({ path }) => path === '/account')
const silent = twist.answers(({ headers, ...reply }) => {
  const { 'cache-control': _, ...others } = headers ?? {}
  return { ...reply, headers: others }
})
const cacheVariants = [
  variant(
    'a public page',
    { twists: [page('public, max-age=60')] },
    { 'cache-headers/page of a logged-in user': 'fail' },
  ),
  variant('a private page', { twists: [page('private')] }, { 'cache-headers/page of a logged-in user': 'inform' }),
  variant(
    'no Cache-Control',
    { twists: [silent] },
    // The answer to a POST is not kept by caches, and the id that visitors get is not the one of the login.
    {
      'cache-headers/page of a logged-in user': 'fail',
      'cache-headers/answer that gives out the credential': 'inform',
    },
  ),
]

const trace = 'Error: bad id\n    at open (/srv/app/session.js:10:5)'
const idVariants = [
  variant(
    'an id that breaks the server',
    { twists: [twist.stumbles(/%/, { status: 500, html: 'oh' })] },
    { 'unknown-ids/malformed ids': 'fail' },
  ),
  variant(
    'an id that makes it talk',
    { twists: [twist.stumbles(/\.\./, { status: 400, html: trace })] },
    { 'unknown-ids/malformed ids': 'fail' },
  ),
  variant('look-alike: a malformed id is a bad request', {
    twists: [twist.stumbles(/[^0-9a-f]/, { status: 400, html: 'bad id' })],
  }),
  variant(
    'look-alike: guesses are limited',
    { twists: [twist.limitsGuesses(20)], only: ['unknown-ids'] },
    { 'unknown-ids/guessing': 'pass' },
  ),
]

export const cookieVariants: readonly Variant[] = [
  variant('careful', { samples: 40 }),
  ...fixationVariants,
  ...endVariants,
  ...attributeVariants,
  ...tlsVariants,
  ...forgeryVariants,
  ...corsVariants,
  ...exposureVariants,
  ...cacheVariants,
  ...idVariants,
]
