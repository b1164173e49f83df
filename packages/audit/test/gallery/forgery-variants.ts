import type { Recipe } from '@sojourn/audit'
import type { CookieSwitches } from '../support/cookie-app.ts'
import type { Ask } from '../support/web.ts'
import { variant } from './cookie-variant.ts'
import { cookieRecipe, withJson, withoutToken } from './recipes.ts'
import { guards, type Twist } from './twists.ts'
import type { Changes, Variant } from './variant.ts'

const forged = {
  'cross-site-requests/other sites': 'fail',
  'cross-site-requests/hosts of the same site': 'inform',
} as const
/** The cookie stays away, and hosts of the same site have it. */
const keptBack = { ...forged, 'cross-site-requests/other sites': 'inform' } as const

/** Cookies that go along with requests of other sites, by how they do. */
const SENT = {
  lax: [{ sameSite: 'Lax' }, {}],
  'not said': [{ sameSite: null }, { 'cookie-attributes/cookie sid: SameSite': 'fail' }],
  none: [
    { sameSite: 'None', attributes: '; Secure' },
    { 'cookie-attributes/cookie sid: SameSite': 'inform', 'cookie-attributes/cookie sid: Secure': 'pass' },
  ],
} as const satisfies Record<string, readonly [CookieSwitches, Changes]>

interface More {
  readonly sent?: keyof typeof SENT
  readonly forgery?: NonNullable<CookieSwitches['forgery']>
  readonly recipe?: Recipe
}

function forgery(
  name: string,
  twist: Twist,
  changes: Changes = {},
  { sent = 'not said', recipe = withoutToken, forgery = 'none' }: More = {},
): Variant {
  const [switches, open] = SENT[sent]
  return variant(name, { switches: { forgery, ...switches }, twists: [twist], recipe }, { ...open, ...changes })
}

const isOwn = (url: string, { headers }: Ask) => URL.canParse(url) && new URL(url).host === headers.host
const site = ({ headers }: Ask) => String(headers['sec-fetch-site'])
const type = ({ headers }: Ask) => headers['content-type'] ?? ''

/** The fields of the query, as the method that it names. */
const methodFromAddress =
  (methods: readonly string[], demanded?: string): Twist =>
  (app) =>
  (ask) => {
    if (ask.path !== '/nickname') return app(ask)
    const named = methods.includes(ask.method) ? ask.query.get('_method') : null
    const method = named ?? ask.method
    if (demanded !== undefined && method !== demanded) return { status: 405 }
    const body = named !== null && ask.method === 'GET' ? Object.fromEntries(ask.query) : ask.body
    return app({ ...ask, method: 'POST', body, query: new URLSearchParams() })
  }

/** A body of a certain type is read as what it is, and nobody asks for a token in it. */
const trusts =
  (read: (ask: Ask) => Record<string, string> | null): Twist =>
  (app) =>
  (ask) => {
    if (ask.path !== '/nickname') return app(ask)
    if (type(ask).startsWith('application/json')) return app(ask)
    const body = ask.method === 'POST' ? read(ask) : null
    return body === null ? { status: 403, html: 'not so' } : app({ ...ask, body })
  }

const textOf = ({ body }: Ask) =>
  Object.entries(body)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

const partsOf = (ask: Ask) =>
  Object.fromEntries(
    [...textOf(ask).matchAll(/name="(\w+)"\r\n\r\n([^\r]*)/g)].map(([, name = '', value = '']) => [name, value]),
  )

function jsonOf(ask: Ask): Record<string, string> | null {
  const text = textOf(ask).replace(/=$/, '')
  try {
    return JSON.parse(text) as Record<string, string>
  } catch {
    return null
  }
}

/** A token is required, except for forgotten cases. `forgets` returns the request as the application then reads it. */
const demandsToken =
  (forgets: (ask: Ask) => Record<string, string> | null): Twist =>
  (app) =>
  (ask) => {
    if (ask.path !== '/nickname') return app(ask)
    const body = forgets(ask) ?? ask.body
    return body === ask.body && body.token === undefined ? { status: 403, html: 'no token' } : app({ ...ask, body })
  }

const putRecipe: Recipe = {
  ...cookieRecipe,
  action: { steps: [{ put: '/nickname', form: { nickname: '${value}' } }], effect: { get: '/account' } },
}

const senders = [
  forgery(
    'forged: the Referer is searched for the name of the host',
    guards((ask) => ask.headers.referer?.includes(ask.headers.host ?? '') === true),
    // A host of the same site cannot be told from it either, if it writes the name into its address.
    forged,
  ),
  forgery(
    'forged: look-alike: the Referer is demanded, and compared as an address',
    guards((ask) => isOwn(ask.headers.referer ?? '', ask)),
  ),
  forgery(
    'forged: the origin null is accepted where Sec-Fetch-Site is not sent',
    guards((ask) =>
      ask.headers['sec-fetch-site'] === undefined
        ? [undefined, 'null'].includes(ask.headers.origin) || isOwn(ask.headers.origin ?? '', ask)
        : ['same-origin', 'none'].includes(site(ask)),
    ),
    forged,
  ),
  forgery(
    'forged: hosts of the same site are trusted',
    guards((ask) => ['same-origin', 'same-site', 'none'].includes(site(ask))),
    { 'cross-site-requests/hosts of the same site': 'inform' },
  ),
]

const methods = [
  forgery(
    'forged: a link names the method POST, in spite of SameSite=Lax',
    methodFromAddress(['GET', 'POST']),
    forged,
    {
      sent: 'lax',
    },
  ),
  forgery(
    'forged: look-alike: a method is read only from the address of a POST',
    methodFromAddress(['POST']),
    keptBack,
    {
      sent: 'lax',
    },
  ),
  forgery('forged: PUT is read from the address of a POST', methodFromAddress(['POST'], 'PUT'), forged, {
    recipe: putRecipe,
  }),
  forgery('forged: look-alike: PUT is PUT', methodFromAddress([], 'PUT'), {}, { recipe: putRecipe }),
]

const FORM_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain|$)/

const bodies = [
  forgery(
    'forged: JSON without a type is accepted',
    trusts((ask) => (type(ask) === '' ? jsonOf(ask) : null)),
    forged,
    { recipe: withJson, sent: 'none' },
  ),
  forgery(
    'forged: a type that only names JSON is accepted',
    trusts((ask) => (type(ask).includes('application/json') ? jsonOf(ask) : null)),
    forged,
    { recipe: withJson, sent: 'none' },
  ),
  forgery(
    'forged: look-alike: a type that only names JSON is accepted, and scripts of other sites get no cookie',
    trusts((ask) => (type(ask).includes('application/json') ? jsonOf(ask) : null)),
    keptBack,
    { recipe: withJson },
  ),
  forgery(
    'forged: a form is known by its type in small letters',
    guards((ask) => isOwn(ask.headers.origin ?? '', ask) || !FORM_TYPES.test(type(ask))),
    forged,
    { sent: 'none' },
  ),
]

const isMultipart = (ask: Ask) => type(ask).startsWith('multipart/form-data')
const withToken = { recipe: cookieRecipe, forgery: 'token, if there is one' } as const
const withoutIt = ({ token: _, ...others }: Record<string, string>) => others

const tokens = [
  forgery(
    'forged: a multipart form needs no token',
    demandsToken((ask) => (isMultipart(ask) ? withoutIt(partsOf(ask)) : null)),
    forged,
    withToken,
  ),
  forgery(
    'forged: look-alike: a multipart form with its token',
    demandsToken((ask) => (isMultipart(ask) ? { token: '', ...partsOf(ask) } : null)),
    {},
    withToken,
  ),
  forgery(
    'forged: an empty token is accepted',
    demandsToken((ask) => (ask.body.token === '' ? withoutIt(ask.body) : null)),
    forged,
    withToken,
  ),
  forgery(
    'forged: look-alike: a token is demanded',
    demandsToken(() => null),
    {},
    withToken,
  ),
]

/** Every way in which a browser may be made to send a request, each with one that is as strict as it looks. */
export const forgeryVariants: readonly Variant[] = [...senders, ...methods, ...bodies, ...tokens]
