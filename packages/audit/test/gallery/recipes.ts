import type { Recipe } from '@sojourn/audit'

const CREDENTIALS = { name: '${user}', password: '${password}' }

/** How the cookie application works. */
export const cookieRecipe: Recipe = {
  login: [{ get: '/login' }, { post: '/login', form: CREDENTIALS }],
  loggedIn: { get: '/account', text: '${user}' },
  logout: [{ get: '/logout' }],
  logoutEverywhere: [{ post: '/everywhere' }],
  passwordChange: { steps: [{ post: '/password', form: { current: '${password}', next: '${newPassword}' } }] },
  action: {
    steps: [
      { get: '/account', extract: { token: { field: 'token' } } },
      { post: '/nickname', form: { nickname: '${value}', token: '${token}' } },
    ],
    effect: { get: '/account' },
  },
  sessionsPage: false,
}

/** The same without a token against forged requests. */
export const withoutToken: Recipe = {
  ...cookieRecipe,
  action: { steps: [{ post: '/nickname', form: { nickname: '${value}' } }], effect: { get: '/account' } },
}

export const withJson: Recipe = {
  ...cookieRecipe,
  action: { steps: [{ post: '/nickname', json: { nickname: '${value}' } }], effect: { get: '/account' } },
}

export const logoutWithNonce: Recipe = {
  ...cookieRecipe,
  logout: [{ get: '/account', extract: { way: { link: 'Log out' } } }, { get: '${way}' }],
}

export const bearerRecipe: Recipe = {
  login: [{ post: '/auth/login', json: { username: '${user}', password: '${password}' } }],
  credential: { bearer: { json: 'access_token' } },
  loggedIn: { get: '/me', text: '${user}' },
  logout: [{ post: '/auth/logout' }],
  refresh: {
    token: { json: 'refresh_token' },
    steps: [{ post: '/auth/refresh', json: { refresh_token: '${refreshToken}' } }],
  },
}
