import { answers, sends } from './twists.ts'
import type { Weakness } from './weaknesses.ts'

const forged = { 'jwt-attacks/forged tokens': 'fail' } as const

/** The possible faults of a bearer application, one at a time. */
export const bearerWeaknesses: readonly Weakness[] = [
  { name: 'alg none is accepted', switches: { takes: 'alg none' }, changes: forged },
  {
    name: 'a key in the header is accepted',
    switches: { takes: 'jwk', alg: 'RS256', secret: '' },
    changes: { ...forged, 'token-contents/bearer: secret': 'pass' },
  },
  { name: 'a key id that is a path is accepted', switches: { takes: 'kid' }, changes: forged },
  {
    name: 'the signature is not verified',
    switches: { takes: 'any signature' },
    changes: { 'jwt-attacks/forged tokens': null, 'jwt-attacks/signature': 'fail' },
  },
  { name: 'a well-known secret', switches: { secret: 'secret' }, changes: { 'token-contents/bearer: secret': 'fail' } },
  {
    name: 'personal data in it',
    switches: { claims: { email: 'alice@example.com' } },
    changes: { 'token-contents/bearer: content': 'fail' },
  },
  { name: 'roles in it', switches: { claims: { roles: ['reader'] } }, changes: {} },
  {
    name: 'logout does nothing',
    switches: { logout: 'nothing' },
    changes: { 'logout-ends-session/logout': 'fail', 'logout-ends-session/refresh after logout': 'fail' },
  },
  {
    name: 'a grace for refresh tokens',
    switches: { refresh: 'rotates with grace' },
    changes: { 'refresh-rotation/second use': 'inform', 'refresh-rotation/family': 'cannot-judge' },
  },
  {
    name: 'reuse leaves the family alive',
    switches: { refresh: 'family outlives reuse' },
    changes: { 'refresh-rotation/family': 'fail' },
  },
  {
    name: 'refresh tokens work twice',
    switches: { refresh: 'works twice' },
    changes: { 'refresh-rotation/second use': 'fail', 'refresh-rotation/family': 'cannot-judge' },
  },
  {
    name: 'refresh tokens never change',
    switches: { refresh: 'never changes' },
    changes: {
      'refresh-rotation/second use': null,
      'refresh-rotation/family': null,
      'refresh-rotation/rotation': 'fail',
    },
  },
  {
    name: 'the token is accepted from the address',
    twists: [
      () => (app) => (ask) => {
        const token = ask.query.get('access_token')
        return app(token === null ? ask : { ...ask, headers: { ...ask.headers, authorization: `Bearer ${token}` } })
      },
    ],
    changes: { 'exposure/taken from an address': 'fail' },
  },
  {
    name: 'an answer contains the token',
    twists: [
      () =>
        answers((reply, { path, headers }) =>
          path === '/me' && reply.status === undefined
            ? { ...reply, json: { name: 'alice', sent: headers.authorization } }
            : reply,
        ),
    ],
    changes: { 'exposure/pages': 'fail' },
  },
  {
    name: 'tokens that anybody may cache',
    twists: [() => sends({ 'cache-control': 'public' }, ({ path }) => path === '/auth/login')],
    changes: { 'cache-headers/answer that gives out the credential': 'fail' },
  },
]
