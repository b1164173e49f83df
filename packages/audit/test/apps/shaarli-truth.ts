import type { Truth } from '../gallery/variant.ts'

const attributesOf = (name: string): Truth => ({
  [`cookie-attributes/cookie ${name}: Secure`]: 'cannot-judge',
  // Set without any attribute but the path.
  [`cookie-attributes/cookie ${name}: HttpOnly`]: 'fail',
  [`cookie-attributes/cookie ${name}: SameSite`]: 'fail',
  [`cookie-attributes/cookie ${name}: prefix`]: 'inform',
  [`cookie-attributes/cookie ${name}: Domain`]: 'pass',
  [`cookie-attributes/cookie ${name}: lifetime`]: 'pass',
})

/**
 * Shaarli 0.12 with its defaults, over http on this machine. `shaarli_staySignedIn` is given even where nobody asked to
 * stay signed in; it is a hash of the hash of the password, the address of the client and a salt.
 */
export const SHAARLI: Truth = {
  'carriers/cookie shaarli': 'inform',
  'carriers/cookie shaarli_staySignedIn': 'inform',
  ...attributesOf('shaarli_staySignedIn'),
  ...attributesOf('shaarli'),
  // session_set_cookie_params with the name of the server.
  'cookie-attributes/cookie shaarli: Domain': 'inform',
  'cookie-tossing/cookie shaarli: case of the name': 'inform',
  'cookie-tossing/cookie shaarli: sent twice': 'inform',
  'transport/TLS': 'cannot-judge',
  'cache-headers/page of a logged-in user': 'pass',
  'cache-headers/answer that gives out the credential': 'pass',
  // The session is destroyed at login, and another begun.
  'fixation/kept id': 'pass',
  'fixation/given id': 'pass',
  'fixation/planted id': 'pass',
  // The login page sends who is logged in on to the links.
  'new-login-ends-old/second login': 'cannot-judge',
  'concurrent-sessions/sessions at once': 'inform',
  'concurrent-sessions/page of sessions': 'inform',
  'exposure/addresses': 'pass',
  'exposure/pages': 'pass',
  'exposure/TRACE': 'pass',
  'exposure/taken from an address': 'pass',
  'browser-exposure/check': 'cannot-judge',
  'cross-origin-reads/CORS': 'pass',
  'token-contents/cookie shaarli: content': 'pass',
  'token-contents/cookie shaarli_staySignedIn: content': 'pass',
  'token-strength/cookie shaarli': 'pass',
  'token-strength/cookie shaarli_staySignedIn: from login to login': 'fail',
  'unknown-ids/malformed ids': 'pass',
  'unknown-ids/guessing': 'inform',
  'jwt-attacks/token': 'not-applicable',
  'device-bound/DBSC': 'not-applicable',
  'refresh-rotation/check': 'cannot-judge',
  // A copy of shaarli_staySignedIn logs in until the password changes.
  'logout-ends-session/logout': 'fail',
  // The id stays in the browser, where it opens nothing.
  'clear-site-data/logout': 'inform',
  'clear-site-data/Clear-Site-Data': 'inform',
  'puzzling/flows': 'cannot-judge',
  'timeouts/limits': 'cannot-judge',
  // A token that is used once.
  'cross-site-requests/other sites': 'pass',
  'cross-site-requests/hosts of the same site': 'pass',
  'logout-everywhere/check': 'cannot-judge',
  // The one cookie is no good any more; the sessions that it made are.
  'password-change/other session': 'fail',
  'password-change/copy of the own session': 'inform',
}
