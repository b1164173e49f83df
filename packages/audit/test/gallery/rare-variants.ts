import { appOf, type More, variant } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import * as twist from './twists.ts'
import { type Changes, changed, type Truth, type Variant } from './variant.ts'

/** Some checks of an application alone, and all that they say. */
const some = (name: string, checks: readonly string[], truth: Truth, { switches, twists, ...rest }: More): Variant => ({
  name,
  app: () => appOf({ ...(switches && { switches }), ...(twists && { twists }) }),
  recipe: cookieRecipe,
  only: checks,
  truth,
  ...rest,
})

const secure = twist.setCookies((line) => `${line}; Secure`)
const hsts = (value: string) => twist.sends({ 'strict-transport-security': value })
const YEAR = 'max-age=31536000; includeSubDomains'

const transport = (name: string, tls: NonNullable<Variant['tls']>, twists: readonly twist.Twist[], truth: Truth) =>
  some(name, ['transport'], truth, { tls, twists: [secure, ...twists] })
const STRICT = 'transport/Strict-Transport-Security'
const PLAIN = 'transport/plain http'
const both = 'https, and http beside it'
const toTls: twist.Twist = (app) => (ask) =>
  ask.encrypted === true ? app(ask) : { status: 308, to: `https://${ask.headers.host}${ask.path}` }
const refusesPlain: twist.Twist = (app) => (ask) =>
  ask.encrypted === true ? app(ask) : { status: 400, html: 'The plain HTTP request was sent to HTTPS port' }

const transportVariants = [
  transport('served over http too', both, [hsts(YEAR)], { [STRICT]: 'pass', [PLAIN]: 'fail' }),
  transport('look-alike: http leads to https', both, [hsts(YEAR), toTls], { [STRICT]: 'pass', [PLAIN]: 'pass' }),
  transport('look-alike: http is refused', both, [hsts(YEAR), refusesPlain], { [STRICT]: 'pass' }),
  transport('HSTS revoked', true, [hsts('max-age=0')], { [STRICT]: 'fail' }),
  transport('look-alike: HSTS in other letters', true, [hsts('Max-Age="31536000"')], { [STRICT]: 'pass' }),
  some(
    'plain http from elsewhere',
    ['transport', 'cookie-attributes'],
    {
      'transport/TLS': 'fail',
      'cookie-attributes/cookie sid: Secure': 'fail',
      'cookie-attributes/cookie sid: HttpOnly': 'pass',
      'cookie-attributes/cookie sid: SameSite': 'pass',
      'cookie-attributes/cookie sid: prefix': 'inform',
      'cookie-attributes/cookie sid: Domain': 'pass',
      'cookie-attributes/cookie sid: lifetime': 'pass',
    },
    // All addresses of this machine: what answers is the same, and the address is not known for this machine's own.
    { plainHost: '0.0.0.0' },
  ),
]

const named = (name: string): Changes => ({
  [`cookie-tossing/cookie ${name}: case of the name`]: 'fail',
  [`cookie-tossing/cookie ${name}: sent twice`]: 'inform',
})
/** As servers do that hold cookies by names without regard to case. */
const anyCase: twist.Twist = (app) => (ask) =>
  app({
    ...ask,
    cookies: new Map([...ask.cookies].map(([name, value]) => [name.replace(/^__host-/i, '__Host-'), value])),
  })
const ids = (line = '') => [...line.matchAll(/(?:^|; )sid=([^;]*)/g)].map(([, id = '']) => id)
const tossing = (name: string, twists: readonly twist.Twist[], sentTwice: Truth[string]) =>
  some(
    name,
    ['cookie-tossing'],
    { 'cookie-tossing/cookie sid: case of the name': 'inform', 'cookie-tossing/cookie sid: sent twice': sentTwice },
    { twists },
  )

const tossingVariants = [
  some('a prefix in any case', ['cookie-tossing'], changed({}, named('__Host-sid')), {
    tls: true,
    twists: [twist.named('__Host-sid'), secure, anyCase],
  }),
  tossing(
    'look-alike: two ids are none',
    [(app) => (ask) => app(ids(ask.headers.cookie).length > 1 ? { ...ask, cookies: new Map() } : ask)],
    'pass',
  ),
  tossing(
    'the first of two ids is used',
    [
      (app) => (ask) => {
        const [first] = ids(ask.headers.cookie)
        return app(first === undefined ? ask : { ...ask, cookies: new Map([...ask.cookies, ['sid', first]]) })
      },
    ],
    'inform',
  ),
]

const padded = twist.wrapped(
  (id) => `${id}.${'x'.repeat(4200)}`,
  (value) => value.split('.')[0] ?? null,
)
const attributes = (name: string, changes: Changes, more: More) =>
  variant(name, { only: ['cookie-attributes'], ...more }, changes)
const attributeVariants = [
  attributes('a cookie too large for browsers', { 'cookie-attributes/cookie sid: size': 'fail' }, { twists: [padded] }),
  attributes(
    'an attribute twice',
    { 'cookie-attributes/cookie sid: repeated': 'inform' },
    { twists: [twist.setCookies((line) => `${line}; Path=/`)] },
  ),
  some(
    'a prefix that asks for what is not there',
    ['cookie-attributes'],
    {
      'cookie-attributes/cookie __Http-sid: Secure': 'pass',
      'cookie-attributes/cookie __Http-sid: HttpOnly': 'fail',
      'cookie-attributes/cookie __Http-sid: SameSite': 'pass',
      'cookie-attributes/cookie __Http-sid: prefix': 'fail',
      'cookie-attributes/cookie __Http-sid: Domain': 'pass',
      'cookie-attributes/cookie __Http-sid: lifetime': 'pass',
    },
    {
      tls: true,
      twists: [twist.named('__Http-sid'), twist.setCookies((line) => `${line.replace('; HttpOnly', '')}; Secure`)],
    },
  ),
]

const offers = (header: string, name = 'secure-session-registration') =>
  twist.sends({ [name]: header }, ({ path, method }) => path === '/login' && method === 'POST')
const registers =
  (proven: boolean): twist.Twist =>
  (app) =>
  (ask) => {
    if (ask.path !== '/dbsc' || ask.method !== 'POST') return app(ask)
    if (proven && ask.headers['secure-session-response'] === undefined) return { status: 403, html: 'proof?' }
    return { json: { session_identifier: 'one', credentials: [{ type: 'cookie', name: 'sid' }] } }
  }
const bound = (name: string, twists: readonly twist.Twist[], header: Truth[string], unproven?: Truth[string]) =>
  some(
    `DBSC: ${name}`,
    ['device-bound'],
    {
      'device-bound/header': header,
      ...(unproven && { 'device-bound/registration without proof': unproven }),
    },
    { twists },
  )
const GOOD = '(ES256 RS256);path="/dbsc";challenge="abc"'
const boundVariants = [
  bound('look-alike: a proof is asked for', [offers(GOOD), registers(true)], 'pass', 'pass'),
  bound('a registration without proof is accepted', [offers(GOOD), registers(false)], 'pass', 'fail'),
  bound('no list of algorithms', [offers('ES256;path="/dbsc";challenge="abc"'), registers(true)], 'fail', 'pass'),
  bound(
    'an algorithm that browsers do not sign with',
    [offers('(HS256);path="/dbsc";challenge="abc"'), registers(true)],
    'fail',
    'pass',
  ),
  bound('no path', [offers('(ES256);challenge="abc"'), registers(true)], 'fail', 'cannot-judge'),
  bound('no challenge', [offers('(ES256);path="/dbsc"'), registers(true)], 'fail', 'pass'),
  bound('the name of the first trial', [offers(GOOD, 'sec-session-registration'), registers(true)], 'fail'),
  bound(
    'look-alike: the challenge before the path',
    [offers('(RS256);challenge="a:b/c=";path="/dbsc"'), registers(true)],
    'pass',
    'pass',
  ),
]

/** Accepts any client after this many unknown ids: an application that fails open accepts guesses. */
function failsOpen(after: number): twist.Twist {
  const seen = new Set<string>()
  let unknown = 0
  return (app) => async (ask) => {
    const reply = await app(ask)
    const sid = ask.cookies.get('sid') ?? ''
    if (ask.path !== '/account' || sid === '' || reply.to === undefined || seen.has(sid)) return reply
    seen.add(sid)
    return ++unknown > after ? { html: 'Account of alice' } : reply
  }
}

const unprotected = (content: Readonly<Record<string, string>>) =>
  twist.wrapped(
    (id) => Buffer.from(JSON.stringify({ ...content, id })).toString('base64'),
    (value) => {
      try {
        return String((JSON.parse(Buffer.from(value, 'base64').toString()) as { id: unknown }).id)
      } catch {
        return null
      }
    },
  )
const contents = (name: string, content: Readonly<Record<string, string>>, verdict: Truth[string]) =>
  some(
    name,
    ['token-contents'],
    { 'token-contents/cookie sid: protection': 'fail', 'token-contents/cookie sid: content': verdict },
    { twists: [unprotected(content)] },
  )

const leaves = (clear: string | null): twist.Twist =>
  twist.answers((reply, { path }) =>
    path === '/logout' ? { html: 'bye', ...(clear !== null && { headers: { 'clear-site-data': clear } }) } : reply,
  )
const left = (name: string, clear: string | null, verdict: Truth[string]) =>
  some(
    name,
    ['clear-site-data', 'logout-ends-session'],
    {
      'clear-site-data/logout': 'inform',
      'clear-site-data/Clear-Site-Data': verdict,
      'logout-ends-session/logout': 'pass',
    },
    { twists: [leaves(clear)] },
  )

const otherVariants = [
  some(
    'fails open after many guesses',
    ['unknown-ids'],
    { 'unknown-ids/malformed ids': 'pass', 'unknown-ids/guessing': 'fail' },
    { twists: [failsOpen(25)] },
  ),
  contents('data that nothing protects', { user: 'alice' }, 'inform'),
  contents('personal data that nothing protects', { mail: 'alice@example.com' }, 'fail'),
  left('look-alike: logout leaves a cookie that opens nothing', null, 'inform'),
  left('look-alike: the browser is asked to forget all', '"*"', 'pass'),
  left('Clear-Site-Data without quotes', 'cache, cookies, storage', 'inform'),
  some(
    'look-alike: no more than three sessions a user',
    ['concurrent-sessions'],
    { 'concurrent-sessions/sessions at once': 'pass', 'concurrent-sessions/page of sessions': 'inform' },
    { twists: [atMost(3)] },
  ),
]

/** The oldest session goes when there is one too many. */
function atMost(most: number): twist.Twist {
  const alive: string[] = []
  const gone = new Set<string>()
  return (app) => async (ask) => {
    const sid = ask.cookies.get('sid') ?? ''
    const isLogin = ask.path === '/login' && ask.method === 'POST'
    const isGone = gone.has(sid)
    const reply = await app(isGone ? { ...ask, cookies: new Map() } : ask)
    const [, id] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
    if (isLogin && id !== undefined && alive.push(id) > most) gone.add(alive.shift() ?? '')
    return reply
  }
}
/** Behaviors of few applications, and the verdicts that no other variant causes. */
export const rareVariants: readonly Variant[] = [
  ...transportVariants,
  ...tossingVariants,
  ...attributeVariants,
  ...boundVariants,
  ...otherVariants,
]
