import type { Recipe } from '@sojourn/audit'
import { newId } from '../support/web.ts'
import { variant } from './cookie-variant.ts'
import { cookieRecipe } from './recipes.ts'
import type { Twist } from './twists.ts'
import type { Variant } from './variant.ts'

const FIELD = 'csrf'

/** The login wants a value that a cookie and the form have in common; who is logged in is sent on past the form. */
const passesBy: Twist = (app) => async (ask) => {
  if (ask.path !== '/login') return app(ask)
  if (ask.method === 'POST') {
    const own = ask.cookies.get(FIELD)
    return own !== undefined && own === ask.body[FIELD] ? app(ask) : { status: 403, html: 'no token' }
  }
  const account = await app({ ...ask, path: '/account' })
  if (account.html !== undefined) return { to: '/account' }
  const reply = await app(ask)
  const token = newId()
  return {
    ...reply,
    html: `${reply.html}<input name="${FIELD}" value="${token}">`.replace('</form>', ''),
    cookies: [...(reply.cookies ?? []), `${FIELD}=${token}; Path=/; HttpOnly; SameSite=Lax`],
  }
}

const withToken: Recipe = {
  ...cookieRecipe,
  login: [
    { get: '/login', extract: { csrf: { field: FIELD } } },
    { post: '/login', form: { name: '${user}', password: '${password}', [FIELD]: '${csrf}' } },
  ],
}

const only = ['new-login-ends-old', 'fixation', 'logout-ends-session']

/** Where the login page is not for those who are logged in. */
export const secondLoginVariants: readonly Variant[] = [
  variant('look-alike: the login form redirects logged-in clients, and a second login ends the session', {
    twists: [passesBy],
    recipe: withToken,
    only,
  }),
  variant(
    'the login form redirects logged-in clients, and the session before a second login stays alive',
    { switches: { forgetsOld: true }, twists: [passesBy], recipe: withToken, only },
    { 'new-login-ends-old/second login': 'fail' },
  ),
]
