import type { Recipe } from '@sojourn/audit'
import { ALICE } from '../support/cookie-app.ts'
import { CAREFUL_COOKIE } from './careful.ts'
import { appOf, variant } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import * as twist from './twists.ts'
import { changed, type Variant } from './variant.ts'
import * as ids from './weak-ids.ts'

const weak = (name: string, makeId: () => () => string): Variant => ({
  ...variant(name, { samples: 200 }, { 'token-strength/cookie sid': 'fail' }),
  app: () => appOf({ switches: { makeId: makeId() } }),
})
const signed = (secret: string) => {
  const { wrap, unwrap } = ids.signs(secret)
  return twist.wrapped(wrap, unwrap)
}
const jwt = (...made: Parameters<typeof ids.asJwt>) => {
  const { wrap, unwrap } = ids.asJwt(...made)
  return twist.wrapped(wrap, unwrap)
}
const LONG = 'p3Qe8vN1xZr6Tt0KcW9yLb2Hd5Gf7Js4'
const jwtTruth = changed(CAREFUL_COOKIE, {
  'token-contents/cookie sid: secret': 'pass',
  'token-contents/cookie sid: content': 'inform',
  'jwt-attacks/token': null,
  'jwt-attacks/forged tokens': 'pass',
})

const idsAndWrappings = [
  weak('ids are a counter', ids.counter),
  weak('ids are the time', ids.clock),
  weak('ids of a Lehmer generator', ids.lehmer),
  weak('ids of Math.random', ids.mathRandom),
  weak('ids of 28 bits', ids.tooShort),
  weak('ids are hashes of a counter', ids.hashedCounter),
  {
    ...variant(
      'a counter under a signature',
      { samples: 200 },
      { 'token-strength/cookie sid': 'fail', 'token-contents/cookie sid: secret': 'pass' },
    ),
    app: () => appOf({ switches: { makeId: ids.counter() }, twists: [signed(LONG)] }),
  },
  variant(
    'look-alike: random ids under a signature',
    { twists: [signed(LONG)], samples: 40 },
    { 'token-contents/cookie sid: secret': 'pass' },
  ),
  variant(
    'a well-known secret',
    { twists: [signed('keyboard cat')], samples: 40 },
    { 'token-contents/cookie sid: secret': 'fail' },
  ),
  variant('look-alike: the id in a JWT', { twists: [jwt(LONG)], samples: 40 }, {}, jwtTruth),
  variant(
    'a JWT with a well-known secret',
    { twists: [jwt('secret')], samples: 40 },
    { 'token-contents/cookie sid: secret': 'fail' },
    jwtTruth,
  ),
  variant(
    'a JWT without a signature is accepted',
    { twists: [jwt(LONG, 'none')], samples: 40 },
    { 'jwt-attacks/forged tokens': 'fail' },
    jwtTruth,
  ),
]

const withPuzzle: Recipe = { ...cookieRecipe, puzzles: [[{ post: '/forgotten', form: { name: '${user}' } }]] }
const forgotten =
  (logsIn: boolean): twist.Twist =>
  (app) =>
  (ask) => {
    if (ask.path !== '/forgotten') return app(ask)
    return logsIn ? app({ ...ask, path: '/login', body: ALICE }) : { html: 'a mail is on its way' }
  }
const DBSC = '(ES256 RS256);path="/dbsc"'
const offers = (header: string) =>
  twist.sends({ 'secure-session-registration': header }, ({ path, method }) => path === '/login' && method === 'POST')

const otherVariants = [
  variant(
    'the first step of a reset logs in',
    { twists: [forgotten(true)], recipe: withPuzzle },
    { 'puzzling/flows': null, 'puzzling/flow 1': 'fail' },
  ),
  variant(
    'look-alike: the first step of a reset',
    { twists: [forgotten(false)], recipe: withPuzzle },
    { 'puzzling/flows': null, 'puzzling/flow 1': 'pass' },
  ),
  variant(
    'look-alike: device bound sessions are offered',
    { twists: [offers(`${DBSC};challenge="abc"`)] },
    { 'device-bound/DBSC': null, 'device-bound/header': 'pass', 'device-bound/registration without proof': 'pass' },
  ),
  variant(
    'device bound sessions without a challenge',
    { twists: [offers(DBSC)] },
    { 'device-bound/DBSC': null, 'device-bound/header': 'fail', 'device-bound/registration without proof': 'pass' },
  ),
  variant(
    'look-alike: logout clears the browser',
    { twists: [twist.sends({ 'clear-site-data': '"cookies"' }, ({ path }) => path === '/logout')] },
    { 'clear-site-data/Clear-Site-Data': 'pass' },
  ),
]

/** Ids and what they are wrapped in, and what else an application offers. */
export const tokenVariants: readonly Variant[] = [...idsAndWrappings, ...otherVariants]
