import { createHash, randomBytes } from 'node:crypto'
import type { Recipe } from '@sojourn/audit'
import { type InCookie, inCookie, type OnServer, onServer, sealed } from '../support/styles/kept.ts'
import { type Carried, type Site, siteOf } from '../support/styles/site.ts'
import { type SpaSwitches, spaApp } from '../support/styles/spa.ts'
import type { App, Ask } from '../support/web.ts'
import { CAREFUL_BEARER } from './careful.ts'
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

interface Style {
  readonly site: Site
  readonly names: readonly string[]
  readonly carried: () => Carried
  readonly around?: (app: App) => App
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

const NO_STORE = { 'cache-control': 'no-store, no-cache, must-revalidate' }
const site = (csrf: string, more: Partial<Site> = {}): Site => ({
  fields: { name: 'username', password: 'password', csrf },
  checksToken: true,
  headers: NO_STORE,
  ...more,
})
const hex = (bytes: number) => randomBytes(bytes).toString('hex')
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

const php = (more: Partial<OnServer> = {}): Style => ({
  names: ['PHPSESSID'],
  site: site('csrf_token', { headers: { ...NO_STORE, expires: 'Thu, 19 Nov 1981 08:52:00 GMT', pragma: 'no-cache' } }),
  carried: () =>
    onServer({
      name: 'PHPSESSID',
      makeId: () => hex(16).slice(0, 26),
      attributes: 'path=/; HttpOnly; SameSite=Lax',
      ...more,
    }),
})

const MASK = {
  show: (token: string) => {
    const pad = randomBytes(16)
    const mixed = Buffer.from(token, 'hex').map((byte, i) => byte ^ (pad[i] ?? 0))
    return Buffer.concat([pad, mixed]).toString('base64')
  },
  read: (shown: string) => {
    const bytes = Buffer.from(shown, 'base64')
    return Buffer.from(bytes.subarray(16).map((byte, i) => byte ^ (bytes[i] ?? 0))).toString('hex')
  },
}

function servlet(rewrites: boolean, more: Partial<OnServer> = {}, checksToken = true): Style {
  const fromPath = (ask: Ask) => /;jsessionid=([^;?]+)/.exec(ask.path)?.[1]
  let made: ReturnType<typeof onServer>
  const address = (path: string, ask: Ask) =>
    rewrites && !ask.cookies.has('JSESSIONID') ? `${path};jsessionid=${made.idFor(ask)}` : path
  return {
    names: ['JSESSIONID'],
    site: site(checksToken ? '_csrf' : '', { address, checksToken, mask: MASK }),
    carried: () => {
      const makeId = () => hex(16).toUpperCase()
      made = onServer({
        name: 'JSESSIONID',
        makeId,
        attributes: 'Path=/; HttpOnly; SameSite=Lax',
        ...(rewrites && { idOf: fromPath }),
        ...more,
      })
      return made
    },
    // The servlet knows the path without what was put behind it.
    around: (app) => (ask) => {
      const [path = ''] = ask.path.split(';')
      const id = rewrites ? fromPath(ask) : undefined
      return app({
        ...ask,
        path,
        cookies:
          id === undefined || ask.cookies.has('JSESSIONID')
            ? ask.cookies
            : new Map([...ask.cookies, ['JSESSIONID', id]]),
      })
    },
  }
}

const COOKIES = '.AspNetCore.Cookies'
const aspNetCore = (more: Partial<InCookie> = {}): Style => ({
  names: [COOKIES, `${COOKIES}C1`, `${COOKIES}C2`],
  site: site('__RequestVerificationToken'),
  carried: () =>
    inCookie({
      names: [`${COOKIES}C1`, `${COOKIES}C2`],
      head: [COOKIES, 'chunks-2'],
      padding: 3000,
      attributes: 'path=/; samesite=lax; httponly',
      encode: (bytes) => `CfDJ8${bytes.toString('base64url')}`,
      decode: (text) => Buffer.from(text.slice(5), 'base64url'),
      ...more,
    }),
})

const classicAsp: Style = {
  names: ['ASPSESSIONIDQCRDBTQS'],
  site: site('', { checksToken: false, headers: { 'cache-control': 'private' } }),
  carried: () =>
    onServer({
      name: 'ASPSESSIONIDQCRDBTQS',
      makeId: () => [...randomBytes(24)].map((byte) => String.fromCharCode(65 + (byte % 26))).join(''),
      attributes: 'path=/',
      keepsId: true,
    }),
}

const rails = (more: Partial<InCookie> = {}): Style => ({
  names: ['_app_session'],
  site: site('authenticity_token', { mask: MASK, headers: { 'cache-control': 'no-store' } }),
  carried: () =>
    inCookie({
      names: ['_app_session'],
      attributes: 'path=/; HttpOnly; SameSite=Lax',
      encode: (bytes) =>
        [bytes.subarray(28), bytes.subarray(0, 12), bytes.subarray(12, 28)]
          .map((part) => encodeURIComponent(part.toString('base64')))
          .join('--'),
      decode: (text) => {
        const [data, iv, tag] = decodeURIComponent(text)
          .split('--')
          .map((part) => Buffer.from(part, 'base64'))
        return Buffer.concat([iv ?? Buffer.alloc(0), tag ?? Buffer.alloc(0), data ?? Buffer.alloc(0)])
      },
      always: true,
      ...more,
    }),
})

/** Encrypted anew with each answer, as `encrypt()` writes it: an old one stays good as long as its session. */
function laravel(more: Partial<OnServer> = {}): Style {
  const { seal, open } = sealed()
  const write = (value: string) => {
    const bytes = seal(value)
    const [iv, tag, data] = [bytes.subarray(0, 12), bytes.subarray(12, 28), bytes.subarray(28)].map((part) =>
      part.toString('base64'),
    )
    return encodeURIComponent(Buffer.from(JSON.stringify({ iv, value: data, mac: '', tag })).toString('base64'))
  }
  const decode = (text: string) => {
    const { iv, value, tag } = JSON.parse(Buffer.from(decodeURIComponent(text), 'base64').toString()) as Record<
      string,
      string
    >
    return Buffer.concat([iv, tag, value].map((part) => Buffer.from(part ?? '', 'base64')))
  }
  return {
    names: ['laravel_session'],
    site: site('_token', { headers: { 'cache-control': 'no-cache, no-store, private' } }),
    carried: () =>
      onServer({
        name: 'laravel_session',
        makeId: () => hex(20),
        attributes: 'path=/; httponly; samesite=lax',
        always: true,
        wrap: write,
        unwrap: (text) => open(decode, text) as string | null,
        ...more,
      }),
    around: (app) => async (ask) => {
      const reply = await app(ask)
      const token = /name="_token" value="([^"]+)"/.exec(reply.html ?? '')?.[1] ?? hex(20)
      return { ...reply, cookies: [`XSRF-TOKEN=${write(token)}; path=/; samesite=lax`, ...(reply.cookies ?? [])] }
    },
  }
}

const SESSION = 'next-auth.session-token'
const CSRF = 'next-auth.csrf-token'
/** An encrypted token in parts, and a token against forged requests that a cookie and a field must agree on. */
function nextAuth(more: Partial<InCookie> = {}): Style {
  const secret = hex(32)
  const hashOf = (token: string) =>
    createHash('sha256')
      .update(token + secret)
      .digest('hex')
  const isReal = (value = '') => value.split('|')[1] === hashOf(value.split('|')[0] ?? '')
  const decoded = (value = '') => value.replaceAll('%7C', '|')
  const parts = (bytes: Buffer) =>
    [bytes.subarray(0, 12), bytes.subarray(28), bytes.subarray(12, 28)].map((part) => part.toString('base64url'))
  return {
    names: [`${SESSION}.0`, `${SESSION}.1`],
    site: site('csrfToken', { checksToken: false }),
    carried: () =>
      inCookie({
        names: [`${SESSION}.0`, `${SESSION}.1`],
        padding: 3000,
        attributes: 'Path=/; HttpOnly; SameSite=Lax',
        visitors: false,
        encode: (bytes) => `eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..${parts(bytes).join('.')}`,
        decode: (text) => {
          const [, , iv = '', data = '', tag = ''] = text.split('.')
          return Buffer.concat([iv, tag, data].map((part) => Buffer.from(part, 'base64url')))
        },
        ...more,
      }),
    around: (app) => async (ask) => {
      const held = decoded(ask.cookies.get(CSRF))
      const token = isReal(held) ? (held.split('|')[0] ?? '') : hex(32)
      if (ask.method === 'POST' && (!isReal(held) || ask.body.csrfToken !== token))
        return { status: 403, html: 'MissingCSRF' }
      const reply = await app(ask)
      const html = reply.html?.replaceAll(
        /<form[^>]*>/g,
        (form) => `${form}<input type="hidden" name="csrfToken" value="${token}">`,
      )
      const cookies = isReal(held) ? [] : [`${CSRF}=${token}%7C${hashOf(token)}; Path=/; HttpOnly; SameSite=Lax`]
      return { ...reply, ...(html !== undefined && { html }), cookies: [...cookies, ...(reply.cookies ?? [])] }
    },
  }
}

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
  style('Laravel, whose logout forgets alone', laravel({ forgetsOnly: true }), { ...LARAVEL, ...STAYS }),
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
    'logout forgets alone',
    { forgetsOnly: true },
    {
      ...STAYS,
      'logout-ends-session/refresh after logout': 'fail',
    },
  ),
]
