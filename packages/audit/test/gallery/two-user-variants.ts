import { BOB } from '../support/cookie-app.ts'
import { CAREFUL_COOKIE, SECOND_COOKIE } from './careful.ts'
import { type More, variant } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import type { Twist } from './twists.ts'
import { type Changes, changed, type Truth, type Variant } from './variant.ts'

const OF_TWO: Truth = {
  'fixation/id of another user': 'pass',
  'logout-ends-session/another user': 'pass',
  'logout-everywhere/another user': 'pass',
}

const ofTwo = (name: string, more: More, changes: Changes = {}, base: Truth = CAREFUL_COOKIE): Variant =>
  variant(`two users: ${name}`, { secondUser: BOB, ...more }, changes, { ...base, ...OF_TWO })

/** A session that is logged in is kept when somebody logs in over it; a visitor's is not. */
const keepsLoggedIn: Twist = (app) => {
  const aliases = new Map<string, string>()
  return async (ask) => {
    const shown = ask.cookies.get('sid') ?? ''
    const sid = aliases.get(shown) ?? shown
    const inner = { ...ask, cookies: new Map(shown === '' ? [] : [['sid', sid]]) }
    const isLogin = ask.path === '/login' && ask.method === 'POST'
    const wasIn = isLogin && (await app({ ...inner, path: '/account', method: 'GET' })).to === undefined
    const reply = await app(inner)
    const [, next] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
    if (!wasIn || next === undefined) return reply
    aliases.set(shown, next)
    return { ...reply, cookies: [`sid=${shown}; Path=/; HttpOnly; SameSite=Lax`] }
  }
}

/** The end of one session is that of all. */
const endsAll: Twist = (app) => {
  const ended = new Set<string>()
  const known = new Set<string>()
  return async (ask) => {
    const sid = ask.cookies.get('sid') ?? ''
    const reply = await app(ended.has(sid) ? { ...ask, cookies: new Map() } : ask)
    const [, given] = /^sid=([^;]+)/.exec(reply.cookies?.[0] ?? '') ?? []
    if (given !== undefined) known.add(given)
    if (ask.path === '/logout' && sid !== '') for (const id of known) ended.add(id)
    return reply
  }
}

/** A token made of the user's name: another session of the same user has the same one. */
const perUser: Twist = (app) => async (ask) => {
  const page = await app({ ...ask, path: '/account', method: 'GET', body: {} })
  const [, user] = /Account of (\w+)/.exec(page.html ?? '') ?? []
  const real = /name="token" value="([^"]*)"/.exec(page.html ?? '')?.[1] ?? ''
  const token = `of-${user}`
  const body = ask.body.token === token ? { ...ask.body, token: real } : { ...ask.body, token: 'wrong' }
  const reply = await app(ask.path === '/nickname' ? { ...ask, body } : ask)
  return reply.html === undefined || real === '' ? reply : { ...reply, html: reply.html.replaceAll(real, token) }
}

const bound: Truth = changed(
  { ...CAREFUL_COOKIE, ...SECOND_COOKIE, 'carriers/cookies of two users': 'pass' },
  {
    'carriers/cookie sid': null,
    'carriers/cookie sid and cookie auth': 'inform',
    'cookie-tossing/cookie sid: case of the name': null,
    'cookie-tossing/cookie sid: sent twice': null,
    'cookie-tossing/names': 'cannot-judge',
    'exposure/taken from an address': 'cannot-judge',
  },
)
const SAME = 'cookies of two users'

/** Faults that only a second user can show. */
export const twoUserVariants: readonly Variant[] = [
  ofTwo('careful', {}),
  ofTwo(
    'a logged-in session is taken over',
    { twists: [keepsLoggedIn] },
    {
      'fixation/id of another user': 'fail',
      // Nothing new is given out.
      'new-login-ends-old/second login': 'cannot-judge',
    },
  ),
  ofTwo(
    'logout ends everybody’s sessions',
    { twists: [endsAll] },
    {
      'logout-ends-session/another user': 'fail',
      'logout-everywhere/another user': 'pass',
    },
  ),
  ofTwo(
    'logging out everywhere ends everybody’s sessions',
    { switches: { everywhere: 'everybody' } },
    {
      'logout-everywhere/another user': 'fail',
    },
  ),
  ofTwo(
    'look-alike: a token against forged requests for each user',
    { twists: [perUser], switches: { sameSite: null } },
    {
      'cookie-attributes/cookie sid: SameSite': 'fail',
    },
  ),
  ofTwo(
    'two cookies only together, of whomever',
    { switches: { carriers: 'both' } },
    {
      [`carriers/${SAME}`]: 'fail',
    },
    bound,
  ),
  ofTwo(
    'look-alike: two cookies only together, of one login',
    { switches: { carriers: 'both', bindsCarriers: true } },
    {},
    bound,
  ),
  {
    ...ofTwo('users that the logged-in check cannot tell apart', { only: ['fixation'] }),
    recipe: { ...cookieRecipe, loggedIn: { get: '/account', text: 'Account of' } },
    truth: changed(OF_TWO, {
      'fixation/kept id': 'pass',
      'fixation/given id': 'pass',
      'fixation/planted id': 'pass',
      'fixation/id of another user': 'cannot-judge',
      'logout-ends-session/another user': null,
      'logout-everywhere/another user': null,
    }),
  },
]
