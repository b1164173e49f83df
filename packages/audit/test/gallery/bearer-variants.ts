import { type BearerSwitches, bearerApp } from '../support/bearer-app.ts'
import { CAREFUL_BEARER } from './careful.ts'
import { bearerRecipe } from './recipes.ts'
import { answers, sends, type Twist, twisted } from './twists.ts'
import { type Changes, changed, ofChecks, toRun, type Variant } from './variant.ts'

interface More {
  readonly twists?: readonly Twist[]
  readonly only?: readonly string[]
  readonly patienceMs?: number
  readonly samples?: number
}

function variant(
  name: string,
  switches: BearerSwitches,
  changes: Changes = {},
  { twists = [], ...more }: More = {},
): Variant {
  const base = ofChecks(CAREFUL_BEARER, toRun(more))
  const app = () => twisted(bearerApp(switches), sends({ 'cache-control': 'no-store' }), ...twists)
  return { name: `bearer: ${name}`, app, recipe: bearerRecipe, ...more, truth: changed(base, changes) }
}

const forged = { 'jwt-attacks/forged tokens': 'fail' } as const
const refresh = (second: 'fail' | 'inform' | 'pass', family: 'fail' | 'cannot-judge') => ({
  'refresh-rotation/second use': second,
  'refresh-rotation/family': family,
})

const fromAddress: Twist = (app) => (ask) => {
  const token = ask.query.get('access_token')
  return app(token === null ? ask : { ...ask, headers: { ...ask.headers, authorization: `Bearer ${token}` } })
}
const echoes: Twist = answers((reply, { path, headers }) =>
  path === '/me' && reply.status === undefined
    ? { ...reply, json: { name: 'alice', sent: headers.authorization } }
    : reply,
)

export const bearerVariants: readonly Variant[] = [
  variant('careful', {}, {}, { samples: 40 }),
  variant('careful, RS256', { alg: 'RS256' }),
  variant('alg none is accepted', { takes: 'alg none' }, forged),
  variant('a key in the header is accepted', { takes: 'jwk', alg: 'RS256' }, forged),
  variant('the public key is accepted as a secret', { takes: 'public key as secret', alg: 'RS256' }, forged),
  variant('a key id that is a path is accepted', { takes: 'kid' }, forged),
  variant(
    'the signature is not verified',
    { takes: 'any signature' },
    { 'jwt-attacks/forged tokens': null, 'jwt-attacks/signature': 'fail' },
  ),
  variant('a well-known secret', { secret: 'secret' }, { 'token-contents/bearer: secret': 'fail' }),
  variant(
    'personal data in it',
    { claims: { email: 'alice@example.com' } },
    { 'token-contents/bearer: content': 'fail' },
  ),
  variant('look-alike: roles in it', { claims: { roles: ['reader'] } }),
  variant(
    'logout does nothing',
    { logout: 'nothing' },
    { 'logout-ends-session/logout': 'fail', 'logout-ends-session/refresh after logout': 'fail' },
  ),
  variant(
    'look-alike: stateless tokens, equal within a second',
    { logout: 'nothing', claims: { jti: undefined } },
    {
      'token-strength/bearer': 'inform',
      'logout-ends-session/logout': 'fail',
      'logout-ends-session/refresh after logout': 'fail',
    },
    { samples: 40 },
  ),
  variant(
    'look-alike: a grace for refresh tokens',
    { refresh: 'rotates with grace' },
    refresh('inform', 'cannot-judge'),
  ),
  variant('reuse leaves the family alive', { refresh: 'family outlives reuse' }, refresh('pass', 'fail')),
  variant('refresh tokens work twice', { refresh: 'works twice' }, refresh('fail', 'cannot-judge')),
  variant(
    'refresh tokens never change',
    { refresh: 'never changes' },
    { 'refresh-rotation/second use': null, 'refresh-rotation/family': null, 'refresh-rotation/rotation': 'fail' },
  ),
  variant(
    'the token is accepted from the address',
    {},
    { 'exposure/taken from an address': 'fail' },
    { twists: [fromAddress] },
  ),
  variant('an answer contains the token', {}, { 'exposure/pages': 'fail' }, { twists: [echoes] }),
  variant(
    'tokens that anybody may cache',
    {},
    { 'cache-headers/answer that gives out the credential': 'fail' },
    { twists: [sends({ 'cache-control': 'public' }, ({ path }) => path === '/auth/login')] },
  ),
  variant(
    'an end that the server keeps to',
    { expiresInSeconds: 2 },
    { 'timeouts/limits': null, 'timeouts/idle limit': 'pass', 'timeouts/absolute limit': 'pass' },
    { only: ['timeouts'], patienceMs: 4000 },
  ),
  variant(
    'an expiry that only the token contains',
    { expiresInSeconds: 1, keepsExpired: true },
    {
      'timeouts/limits': null,
      'timeouts/idle limit': 'inform',
      'timeouts/absolute limit': 'inform',
      'timeouts/end by the client': 'fail',
    },
    { only: ['timeouts'], patienceMs: 6500 },
  ),
]
