import type { Recipe } from '@sojourn/audit'
import { renewingApp, type SecondUse } from '../support/renewing-app.ts'
import type { Truth, Variant } from './variant.ts'

const recipe: Recipe = {
  login: [{ post: '/login', json: { name: '${user}', password: '${password}' } }],
  loggedIn: { get: '/account', text: '${user}' },
  logout: [{ post: '/logout' }],
  refresh: { steps: [{ post: '/renew' }] },
}

const variant = (name: string, secondUse: SecondUse, truth: Truth): Variant => ({
  name: `renewed cookie: ${name}`,
  app: () => renewingApp(secondUse),
  recipe,
  only: ['refresh-rotation'],
  truth,
})

/** A session in a signed token in a cookie, which a request of its own renews. */
export const renewingVariants: readonly Variant[] = [
  variant('reuse ends the family', 'family', {
    'refresh-rotation/second use': 'pass',
    'refresh-rotation/family': 'pass',
  }),
  variant('reuse leaves the family alive', 'nothing', {
    'refresh-rotation/second use': 'pass',
    'refresh-rotation/family': 'fail',
  }),
  variant('each use gives another session', 'another', {
    'refresh-rotation/second use': 'fail',
    'refresh-rotation/family': 'cannot-judge',
  }),
  variant('look-alike: each use gives the same successor', 'grace', {
    'refresh-rotation/second use': 'inform',
    'refresh-rotation/family': 'cannot-judge',
  }),
  variant('only its times change', 'slides', { 'refresh-rotation/rotation': 'fail' }),
]
