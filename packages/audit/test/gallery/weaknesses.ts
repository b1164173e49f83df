import type { Recipe } from '@sojourn/audit'
import type { BearerSwitches } from '../support/bearer-app.ts'
import type { CookieSwitches } from '../support/cookie-app.ts'
import { cookieRecipe, withoutToken } from './recipes.ts'
import { type Renewal, renews, setsAgain } from './rotation-twists.ts'
import * as twist from './twists.ts'
import type { Changes } from './variant.ts'
import * as ids from './weak-ids.ts'

/** One of several things wrong, or only odd, with one application. */
export interface Weakness {
  readonly name: string
  readonly switches?: CookieSwitches | BearerSwitches
  /** Changes the cookie's value. It is closest to the application, so the other twists see the client's value. */
  readonly inner?: () => twist.Twist
  readonly twists?: readonly (() => twist.Twist)[]
  readonly recipe?: Recipe
  readonly changes: Changes
}

const line = (change: (line: string) => string) => () => twist.setCookies(change)
const page = (text: Parameters<typeof twist.prints>[0], where?: Parameters<typeof twist.prints>[1]) => () =>
  twist.prints(text, where)

const attributes: readonly Weakness[] = [
  {
    name: 'no HttpOnly',
    twists: [line((held) => held.replace('; HttpOnly', ''))],
    changes: { 'cookie-attributes/cookie sid: HttpOnly': 'fail' },
  },
  { name: 'no SameSite', switches: { sameSite: null }, changes: { 'cookie-attributes/cookie sid: SameSite': 'fail' } },
  {
    name: 'kept on disk',
    twists: [line((held) => (held.includes('Max-Age') ? held : `${held}; Max-Age=86400`))],
    changes: { 'cookie-attributes/cookie sid: lifetime': 'inform' },
  },
  {
    name: 'any origin may read',
    switches: { sameSite: 'None' },
    twists: [() => twist.echoesOrigin(() => true), line((held) => `${held}; Secure`)],
    changes: {
      'cookie-attributes/cookie sid: SameSite': 'inform',
      'cookie-attributes/cookie sid: Secure': 'pass',
      'cross-origin-reads/CORS': 'fail',
    },
  },
]

const lives: readonly Weakness[] = [
  {
    name: 'the id is kept at login',
    switches: { keepsId: true },
    changes: {
      'fixation/kept id': 'fail',
      'fixation/given id': 'fail',
      'new-login-ends-old/second login': 'cannot-judge',
    },
  },
  {
    name: 'any id becomes a session',
    switches: { keepsId: true, adopts: true },
    // A signed value is not an arbitrary id.
    inner: () => (app) => app,
    changes: {
      'fixation/kept id': 'fail',
      'fixation/given id': 'fail',
      'fixation/planted id': 'fail',
      'new-login-ends-old/second login': 'cannot-judge',
    },
  },
  {
    name: 'a second login leaves the first session',
    switches: { forgetsOld: true },
    changes: { 'new-login-ends-old/second login': 'fail' },
  },
  { name: 'logout does nothing', switches: { logout: 'nothing' }, changes: { 'logout-ends-session/logout': 'fail' } },
  { name: 'logout overwrites the cookie', switches: { replacesAtLogout: true }, changes: {} },
  {
    name: 'sessions outlive a changed password',
    switches: { passwordChange: 'ends none' },
    changes: { 'password-change/other session': 'fail' },
  },
  {
    name: 'the own session keeps its id',
    switches: { renewsAtPasswordChange: false },
    changes: { 'password-change/copy of the own session': 'inform' },
  },
  {
    name: 'logging out everywhere ends one',
    switches: { everywhere: 'own' },
    changes: { 'logout-everywhere/other session': 'fail' },
  },
  {
    name: 'one session a user',
    // Their other findings about several sessions do not apply.
    switches: { oneSession: true, forgetsOld: false, everywhere: 'all', passwordChange: 'ends others' },
    // The attacker, who is the same user here, is put out before it has a token.
    recipe: cookieRecipe,
    changes: {
      'concurrent-sessions/sessions at once': 'pass',
      'logout-everywhere/other session': 'cannot-judge',
      'password-change/other session': null,
      'password-change/copy of the own session': null,
      'password-change/change': 'cannot-judge',
    },
  },
]

const forgeries: readonly Weakness[] = [
  {
    name: 'a form of another site',
    switches: { forgery: 'none', sameSite: null },
    recipe: withoutToken,
    changes: {
      'cross-site-requests/other sites': 'fail',
      'cross-site-requests/hosts of the same site': 'inform',
      'cookie-attributes/cookie sid: SameSite': 'fail',
    },
  },
  {
    name: 'a link of another site',
    switches: { forgery: 'none', takesGet: true },
    recipe: withoutToken,
    changes: { 'cross-site-requests/other sites': 'fail', 'cross-site-requests/hosts of the same site': 'inform' },
  },
  {
    name: 'a token that is good in any session',
    switches: { forgery: 'token not bound', sameSite: null },
    recipe: { ...cookieRecipe },
    changes: {
      'cross-site-requests/other sites': 'fail',
      'cross-site-requests/hosts of the same site': 'inform',
      'cookie-attributes/cookie sid: SameSite': 'fail',
    },
  },
  {
    name: 'the origin is looked at',
    switches: { forgery: 'origin', sameSite: null },
    recipe: withoutToken,
    changes: { 'cookie-attributes/cookie sid: SameSite': 'fail' },
  },
]

const exposures: readonly Weakness[] = [
  {
    name: 'the id in the address after the login',
    twists: [() => twist.redirectsWithId],
    changes: { 'exposure/addresses': 'fail' },
  },
  {
    name: 'the id in a link',
    twists: [page((sid) => `<a href="/help?s=${sid}">Help</a>`)],
    changes: { 'exposure/addresses': 'fail', 'exposure/pages': 'fail' },
  },
  {
    name: 'the id in an error page',
    twists: [
      page(
        (sid) => `session ${sid}`,
        ({ status }) => status === 404,
      ),
    ],
    changes: { 'exposure/pages': 'fail' },
  },
  { name: 'TRACE is left on', twists: [() => twist.echoesTrace], changes: { 'exposure/TRACE': 'fail' } },
  {
    name: 'the id is accepted from the address',
    twists: [() => twist.takesFromAddress],
    changes: { 'exposure/taken from an address': 'fail' },
  },
  {
    name: 'the id is accepted from the path',
    twists: [() => twist.takesFromPath],
    changes: { 'exposure/taken from an address': 'fail' },
  },
  {
    name: 'a public page',
    twists: [() => twist.sends({ 'cache-control': 'public, max-age=60' }, ({ path }) => path === '/account')],
    changes: { 'cache-headers/page of a logged-in user': 'fail' },
  },
]

const shapes: readonly Weakness[] = [
  {
    name: 'an id that makes it talk',
    twists: [
      () => twist.stumbles(/\.\./, { status: 400, html: 'Error: bad id\n    at open (/srv/app/session.js:10:5)' }),
    ],
    changes: { 'unknown-ids/malformed ids': 'fail' },
  },
  {
    name: 'a malformed id is a bad request',
    twists: [() => twist.stumbles(/[^\w.%:-]/, { status: 400, html: 'bad id' })],
    // Before what is talkative sees them.
    changes: { 'unknown-ids/malformed ids': 'pass' },
  },
  {
    name: 'signed with a well-known secret',
    inner: () => {
      const { wrap, unwrap } = ids.signs('keyboard cat')
      return twist.wrapped(wrap, unwrap)
    },
    changes: { 'token-contents/cookie sid: secret': 'fail' },
  },
  {
    name: 'a JWT that needs no signature',
    inner: () => {
      const { wrap, unwrap } = ids.asJwt('p3Qe8vN1xZr6Tt0KcW9yLb2Hd5Gf7Js4', 'none')
      return twist.wrapped(wrap, unwrap)
    },
    changes: {
      'token-contents/cookie sid: secret': 'pass',
      'token-contents/cookie sid: content': 'inform',
      'jwt-attacks/token': null,
      'jwt-attacks/forged tokens': 'fail',
    },
  },
]

/** The cookie that it sets has its own attributes, and an id that was shown is no longer valid. */
const renewing = (name: string, renewal: Renewal, changes: Changes): Weakness => ({
  name,
  switches: { sameSite: 'Lax' },
  inner: () => renews(renewal),
  changes: {
    'exposure/addresses': 'pass',
    'exposure/pages': 'pass',
    'exposure/TRACE': 'pass',
    // Each page gives out the credential.
    'cache-headers/page of a logged-in user': 'pass',
    ...changes,
  },
})

const renewals: readonly Weakness[] = [
  renewing(
    'a new id with each answer',
    {},
    {
      'carriers/cookie sid: renewed': 'pass',
      // A planted id is invalid once the victim has opened the login page.
      'fixation/given id': 'pass',
      'password-change/copy of the own session': 'pass',
    },
  ),
  renewing(
    'a new id with each answer, old ones good until the logout',
    { graceMs: Number.POSITIVE_INFINITY },
    {
      'carriers/cookie sid: renewed': 'inform',
    },
  ),
  {
    name: 'the id set again with each answer',
    switches: { sameSite: 'Lax' },
    twists: [() => setsAgain],
    changes: { 'cookie-attributes/cookie sid: HttpOnly': 'pass', 'cookie-attributes/cookie sid: lifetime': 'pass' },
  },
]

export const weaknesses: readonly Weakness[] = [
  ...attributes,
  ...lives,
  ...forgeries,
  ...exposures,
  ...shapes,
  ...renewals,
]
