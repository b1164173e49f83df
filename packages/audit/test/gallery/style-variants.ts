import type { Recipe } from '@sojourn/audit'
import { type Site, siteOf } from '../support/styles/site.ts'
import { type SpaSwitches, spaApp } from '../support/styles/spa.ts'
import { CAREFUL_BEARER } from './careful.ts'
import { aspNetCore, classicAsp, laravel, nextAuth, php, rails, type Style, servlet } from './styles.ts'
import { type Changes, changed, ofChecks, type Truth, type Variant } from './variant.ts'

const CHECKS = [
  ...['carriers', 'cookie-attributes', 'cookie-tossing', 'cache-headers', 'fixation', 'new-login-ends-old'],
  ...['exposure', 'cross-origin-reads', 'unknown-ids', 'jwt-attacks', 'logout-ends-session', 'clear-site-data'],
  'cross-site-requests',
]

const recipeOf = ({ fields }: Site): Recipe => {
  const hasToken = fields.csrf !== ''
  const token = { extract: { token: { field: fields.csrf } } }
  const own: Record<string, string> = hasToken ? { [fields.csrf]: '${token}' } : {}
  const page = hasToken ? token : {}
  const form = { [fields.name]: '${user}', [fields.password]: '${password}', ...own }
  return {
    login: [
      { get: '/login', ...page },
      { post: '/login', form },
    ],
    loggedIn: { get: '/account', text: '${user}' },
    logout: [
      { get: '/account', ...page },
      { post: '/logout', form: own },
    ],
    action: {
      steps: [
        { get: '/account', ...page },
        { post: '/nickname', form: { nickname: '${value}', ...own } },
      ],
      effect: { get: '/account' },
    },
  }
}

/** A site that does it all right, whose login rests on these cookies together. */
function rightOf(names: readonly string[]): Truth {
  const attributes = names.map((name) => ({
    [`cookie-attributes/cookie ${name}: Secure`]: 'cannot-judge',
    [`cookie-attributes/cookie ${name}: HttpOnly`]: 'pass',
    [`cookie-attributes/cookie ${name}: SameSite`]: 'pass',
    [`cookie-attributes/cookie ${name}: prefix`]: 'inform',
    [`cookie-attributes/cookie ${name}: Domain`]: 'pass',
    [`cookie-attributes/cookie ${name}: lifetime`]: 'pass',
  }))
  const [name, ...others] = names
  const single = {
    [`cookie-tossing/cookie ${name}: case of the name`]: 'inform',
    [`cookie-tossing/cookie ${name}: sent twice`]: 'inform',
    'exposure/taken from an address': 'pass',
  }
  const several = { 'cookie-tossing/names': 'cannot-judge', 'exposure/taken from an address': 'cannot-judge' }
  return Object.assign(
    {
      [`carriers/${names.map((held) => `cookie ${held}`).join(' and ')}`]: 'inform',
      'cache-headers/page of a logged-in user': 'pass',
      'cache-headers/answer that gives out the credential': 'pass',
      'fixation/kept id': 'pass',
      'fixation/given id': 'pass',
      'fixation/planted id': 'pass',
      'new-login-ends-old/second login': 'pass',
      'exposure/addresses': 'pass',
      'exposure/pages': 'pass',
      'exposure/TRACE': 'pass',
      'cross-origin-reads/CORS': 'pass',
      'unknown-ids/malformed ids': 'pass',
      'unknown-ids/guessing': 'inform',
      'jwt-attacks/token': 'not-applicable',
      'logout-ends-session/logout': 'pass',
      'clear-site-data/logout': 'pass',
      'clear-site-data/Clear-Site-Data': 'inform',
      'cross-site-requests/other sites': 'pass',
      'cross-site-requests/hosts of the same site': 'pass',
    },
    ...attributes,
    others.length === 0 ? single : several,
  ) as Truth
}

const style = (
  name: string,
  { site, names, carried, around = (app) => app }: Style,
  changes: Changes = {},
): Variant => ({
  name: `in the manner of ${name}`,
  app: () => around(siteOf(carried(), site)),
  recipe: recipeOf(site),
  only: CHECKS,
  truth: changed(rightOf(names), changes),
})

const FORGED: Changes = {
  'cross-site-requests/other sites': 'fail',
  'cross-site-requests/hosts of the same site': 'inform',
}
const KEPT: Changes = {
  'fixation/kept id': 'fail',
  'fixation/given id': 'fail',
  'new-login-ends-old/second login': 'cannot-judge',
}
const STAYS: Changes = { 'logout-ends-session/logout': 'fail' }

const SPA_RECIPE: Recipe = {
  login: [{ post: '/auth/login', json: { username: '${user}', password: '${password}' } }],
  credential: { bearer: { json: 'accessToken' } },
  loggedIn: { get: '/api/me', text: '${user}' },
  logout: [{ post: '/auth/logout' }],
  refresh: { steps: [{ post: '/auth/refresh' }] },
}
const SPA_CHECKS = [...CHECKS, 'refresh-rotation']
const spa = (name: string, switches: SpaSwitches, changes: Changes = {}): Variant => ({
  name: `in the manner of pages of scripts: ${name}`,
  app: () => spaApp(switches),
  recipe: SPA_RECIPE,
  only: SPA_CHECKS,
  truth: changed(ofChecks(CAREFUL_BEARER, SPA_CHECKS), changes),
})

const RAILS: Changes = { 'carriers/cookie _app_session: renewed': 'inform' }
const LARAVEL: Changes = { 'carriers/cookie laravel_session: renewed': 'inform' }

/** As stacks that are not this one's do it: the careful way of each, and what their users forget. */
export const styleVariants: readonly Variant[] = [
  style('PHP', php()),
  style('PHP, without strict mode and a new id', php({ keepsId: true, adopts: true }), {
    ...KEPT,
    'fixation/planted id': 'fail',
  }),
  style('PHP, whose logout unsets the cookie', php({ forgetsOnly: true }), STAYS),
  style('PHP, as it comes', php({ attributes: 'path=/' }), {
    'cookie-attributes/cookie PHPSESSID: HttpOnly': 'fail',
    'cookie-attributes/cookie PHPSESSID: SameSite': 'fail',
  }),
  style('servlets', servlet(false)),
  style('servlets that write ids into addresses', servlet(true), { 'exposure/taken from an address': 'fail' }),
  style('servlets that write ids into addresses, and keep them', servlet(true, { keepsId: true }), {
    ...KEPT,
    'exposure/addresses': 'fail',
    'exposure/pages': 'fail',
    'exposure/taken from an address': 'fail',
  }),
  style('Spring, without what protects it', servlet(false, { keepsId: true, attributes: 'Path=/; HttpOnly' }, false), {
    ...KEPT,
    ...FORGED,
    'cookie-attributes/cookie JSESSIONID: SameSite': 'fail',
  }),
  style('ASP.NET Core, with a ticket store', aspNetCore({ revokes: true })),
  style('ASP.NET Core, as it comes', aspNetCore(), { ...STAYS, 'new-login-ends-old/second login': 'fail' }),
  style('classic ASP', classicAsp, {
    ...KEPT,
    ...FORGED,
    'cookie-attributes/cookie ASPSESSIONIDQCRDBTQS: HttpOnly': 'fail',
    'cookie-attributes/cookie ASPSESSIONIDQCRDBTQS: SameSite': 'fail',
    'cache-headers/page of a logged-in user': 'inform',
    'cache-headers/answer that gives out the credential': 'inform',
  }),
  style('Rails, that remembers what was ended', rails({ revokes: true }), RAILS),
  style('Rails, as it comes', rails(), { ...RAILS, ...STAYS, 'new-login-ends-old/second login': 'fail' }),
  style('Laravel', laravel(), LARAVEL),
  style('Laravel, without a new id', laravel({ keepsId: true }), { ...LARAVEL, ...KEPT }),
  style('Laravel, whose logout only unsets the cookie', laravel({ forgetsOnly: true }), { ...LARAVEL, ...STAYS }),
  style('NextAuth, that remembers what was ended', nextAuth({ revokes: true })),
  style('NextAuth, as it comes', nextAuth(), { ...STAYS, 'new-login-ends-old/second login': 'fail' }),
  spa('careful', {}),
  spa(
    'look-alike: a grace for refresh tokens',
    { rotates: 'grace' },
    {
      'refresh-rotation/second use': 'inform',
      'refresh-rotation/family': 'cannot-judge',
    },
  ),
  spa(
    'refresh tokens never change',
    { rotates: 'never' },
    {
      'refresh-rotation/second use': null,
      'refresh-rotation/family': null,
      'refresh-rotation/rotation': 'fail',
    },
  ),
  spa(
    'the logout only discards the token in the client',
    { forgetsOnly: true },
    {
      ...STAYS,
      'logout-ends-session/refresh after logout': 'fail',
    },
  ),
]
