import { basic } from '../discover/manners.ts'
import { bearerApp } from '../support/bearer-app.ts'
import { bearerRecipe } from './recipes.ts'
import { answers } from './twists.ts'
import type { Variant } from './variant.ts'

/** Applications that behave as some in the wild do, and are rightly made. */
export const otherManners: readonly Variant[] = [
  {
    name: 'look-alike: a bearer token, without cache headers',
    app: () => answers((reply) => ({ ...reply, headers: {} }))(bearerApp()),
    recipe: bearerRecipe,
    only: ['cache-headers'],
    // No shared cache may keep what answers a request with Authorization (RFC 9111, 3.5).
    truth: {
      'cache-headers/page of a logged-in user': 'inform',
      'cache-headers/answer that gives out the credential': 'inform',
    },
  },
  {
    name: 'look-alike: a logged-in client gets no new id at a second login',
    app: () => basic('sessions'),
    recipe: { login: [{ get: '/', headers: { authorization: 'Basic ${basic}' } }], loggedIn: { get: '/' } },
    only: ['new-login-ends-old', 'token-strength'],
    samples: 24,
    truth: { 'new-login-ends-old/second login': 'cannot-judge', 'token-strength/cookie sid': 'pass' },
  },
]
