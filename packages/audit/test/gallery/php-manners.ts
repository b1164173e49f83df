import { ALICE } from '../support/cookie-app.ts'
import { newId } from '../support/web.ts'
import { variant } from './cookie-variant.ts'
import { both, either } from './cookie-variants.ts'
import * as twist from './twists.ts'
import type { Variant } from './variant.ts'

/** A session that is asked for without the cookie that belongs to it is ended. */
export const endsSessionInPart: twist.Twist = (app) => async (ask) => {
  const isPart = ask.path === '/account' && ask.cookies.has('sid') && !ask.cookies.has('auth')
  if (isPart) await app({ ...ask, path: '/logout' })
  return app(ask)
}

/** Pages come without their frame where the client names JSON among what it takes. */
const frameForBrowsers = twist.answers((reply, { headers }) =>
  headers.accept?.includes('application/json') && reply.html?.startsWith('Account') ? { html: 'Account' } : reply,
)

/** A second way out, under a name of few words. */
const logsOff: twist.Twist = (app) =>
  twist.prints(() => '<a href="/session?logoff=true">here</a>')((ask) =>
    app(ask.query.get('logoff') === 'true' ? { ...ask, path: '/logout' } : ask),
  )

/** The second cookie is `value` for every user, forever. */
function remembersBy(makeValue: () => string): twist.Twist {
  let last = ''
  const values = new Set<string>()
  const outward = twist.setCookies((line) => {
    const [, given] = /^auth=([^;]+)/.exec(line) ?? []
    if (given === undefined) return line
    last = given
    const value = makeValue()
    values.add(value)
    return line.replace(given, value)
  })
  return (app) =>
    outward((ask) => {
      const held = ask.cookies.get('auth') ?? ''
      return app(values.has(held) ? { ...ask, cookies: new Map([...ask.cookies, ['auth', last]]) } : ask)
    })
}

/** A second cookie keeps the user name after a logout, and the login form shows it. */
export const remembersName: twist.Twist = (app) => async (ask) => {
  const reply = await app(ask)
  const isRefused = ask.path === '/account' && reply.to?.endsWith('/login') === true
  if (isRefused) {
    const name = ask.cookies.get('last_name') ?? ''
    const form = `<form method="post" action="/login"><input name="name" value="${name}"><input type="password" name="password"></form>`
    return { html: form, headers: { 'cache-control': 'no-store' } }
  }
  const isLogin = ask.path === '/login' && reply.to !== undefined
  return isLogin
    ? {
        ...reply,
        cookies: [...(reply.cookies ?? []), `last_name=${ALICE.name}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax`],
      }
    : reply
}

/** A second cookie, which scripts can read, opens the first page. */
function areas(attributes: string): twist.Twist {
  const fronts = new Set<string>()
  return (app) => async (ask) => {
    if (ask.path === '/' && fronts.has(ask.cookies.get('front') ?? ''))
      return { html: '<a href="/logout">Log out</a>', headers: { 'cache-control': 'no-store' } }
    const reply = await app(ask)
    if (ask.path !== '/login' || reply.to === undefined) return reply
    const front = newId()
    fronts.add(front)
    return { ...reply, cookies: [...(reply.cookies ?? []), `front=${front}; Path=/${attributes}`] }
  }
}

const constant = newId()

const FRONT = {
  'cookie-attributes/cookie front: Secure': 'cannot-judge',
  'cookie-attributes/cookie front: HttpOnly': 'pass',
  'cookie-attributes/cookie front: SameSite': 'pass',
  'cookie-attributes/cookie front: prefix': 'inform',
  'cookie-attributes/cookie front: Domain': 'pass',
  'cookie-attributes/cookie front: lifetime': 'pass',
} as const

/** Behaviors of real applications in PHP and Java. */
export const phpManners: readonly Variant[] = [
  variant(
    'look-alike: one of two cookies that suffice together ends the session',
    { switches: { carriers: 'both' }, twists: [endsSessionInPart] },
    {},
    both,
  ),
  variant('look-alike: pages for scripts show no name', { twists: [frameForBrowsers] }),
  variant(
    'the first page has a cookie of its own, without attributes',
    { twists: [areas('')], only: ['carriers', 'cookie-attributes'] },
    {
      'carriers/cookie front': 'inform',
      ...FRONT,
      'cookie-attributes/cookie front: HttpOnly': 'fail',
      'cookie-attributes/cookie front: SameSite': 'fail',
    },
  ),
  variant(
    'look-alike: the first page has a cookie of its own',
    { twists: [areas('; HttpOnly; SameSite=Lax')], only: ['carriers', 'cookie-attributes'] },
    { 'carriers/cookie front': 'inform', ...FRONT },
  ),
  variant('look-alike: a cookie with the login that opens nothing', {
    twists: [
      twist.answers((reply, { path }) =>
        path === '/login' && reply.to !== undefined
          ? { ...reply, cookies: [...(reply.cookies ?? []), 'theme=dark; Path=/'] }
          : reply,
      ),
    ],
    only: ['carriers', 'cookie-attributes'],
  }),
  variant(
    'the id is accepted from the path, and a link on the page logs out',
    { twists: [logsOff, twist.takesFromPath], only: ['exposure'] },
    { 'exposure/taken from an address': 'fail' },
  ),
  variant(
    'a second cookie that suffices is the same at every login',
    { switches: { carriers: 'either' }, twists: [remembersBy(() => constant)], only: ['token-strength'] },
    { 'token-strength/cookie auth: from login to login': 'fail' },
    either,
  ),
  variant(
    'look-alike: a second cookie that suffices is the same within a second',
    {
      switches: { carriers: 'either' },
      twists: [
        remembersBy(() =>
          Math.floor(Date.now() / 1000)
            .toString(16)
            .padStart(32, 'ab'),
        ),
      ],
      only: ['token-strength'],
    },
    {},
    either,
  ),
  variant(
    'the logged-in check takes the name in a login form for a logged-in user',
    { twists: [remembersName], only: ['carriers'], untrusted: true },
    { 'carriers/cookie sid': null, 'carriers/check': 'cannot-judge' },
  ),
]
