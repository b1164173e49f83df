import { changed, type Truth } from '../gallery/variant.ts'

/** Django 3.2 with its defaults, over http on this machine. */
export const DJANGO_DATABASE: Truth = {
  'carriers/cookie sessionid': 'inform',
  'cookie-attributes/cookie sessionid: Secure': 'cannot-judge',
  'cookie-attributes/cookie sessionid: HttpOnly': 'pass',
  'cookie-attributes/cookie sessionid: SameSite': 'pass',
  'cookie-attributes/cookie sessionid: prefix': 'inform',
  'cookie-attributes/cookie sessionid: Domain': 'pass',
  // SESSION_COOKIE_AGE: two weeks on disk.
  'cookie-attributes/cookie sessionid: lifetime': 'inform',
  'cookie-tossing/cookie sessionid: case of the name': 'inform',
  // parse_cookie keeps the last of a name.
  'cookie-tossing/cookie sessionid: sent twice': 'inform',
  'transport/TLS': 'cannot-judge',
  // The admin marks all its pages never_cache.
  'cache-headers/page of a logged-in user': 'pass',
  'cache-headers/answer that gives out the credential': 'pass',
  // Visitors get a csrftoken alone; login() cycles the key.
  'fixation/kept id': 'pass',
  'fixation/given id': 'pass',
  'fixation/planted id': 'pass',
  // The login page sends who is logged in on, but takes a login all the same; login() keeps the key for the same user.
  'new-login-ends-old/second login': 'cannot-judge',
  'concurrent-sessions/sessions at once': 'inform',
  'concurrent-sessions/page of sessions': 'inform',
  'exposure/addresses': 'pass',
  'exposure/pages': 'pass',
  'exposure/TRACE': 'pass',
  'exposure/taken from an address': 'pass',
  'browser-exposure/check': 'cannot-judge',
  'cross-origin-reads/CORS': 'pass',
  'token-contents/cookie csrftoken: content': 'pass',
  'token-contents/cookie sessionid: content': 'pass',
  'token-strength/cookie sessionid': 'pass',
  'unknown-ids/malformed ids': 'pass',
  'unknown-ids/guessing': 'inform',
  'jwt-attacks/token': 'not-applicable',
  'device-bound/DBSC': 'not-applicable',
  'refresh-rotation/check': 'cannot-judge',
  // flush() deletes the row.
  'logout-ends-session/logout': 'pass',
  'clear-site-data/logout': 'pass',
  'clear-site-data/Clear-Site-Data': 'inform',
  'puzzling/flows': 'cannot-judge',
  'timeouts/limits': 'cannot-judge',
  'cross-site-requests/other sites': 'pass',
  'cross-site-requests/hosts of the same site': 'pass',
  'logout-everywhere/check': 'cannot-judge',
  // Sessions hold a hash over the password, and update_session_auth_hash cycles the key of the one that changed it.
  'password-change/other session': 'pass',
  'password-change/copy of the own session': 'pass',
}

/** The same, but that the server keeps nothing it could end: a copy of the cookie is good until it expires. */
export const DJANGO_SIGNED_COOKIES: Truth = changed(DJANGO_DATABASE, {
  'logout-ends-session/logout': 'fail',
  // A second login writes a new value, and the one before is good until it expires.
  'new-login-ends-old/second login': 'fail',
  'token-contents/cookie sessionid: secret': 'pass',
  // Signed, not encrypted: the number of the user and a hash can be read.
  'token-contents/cookie sessionid: content': 'inform',
  'token-strength/cookie sessionid': 'inform',
})

/** DokuWiki 2022-07-31 with its defaults, over http on this machine. `auth` is the name of the cookie with the login. */
export const dokuWiki = (auth: string): Truth => ({
  // The key that the password in the second cookie is encrypted with has the session id in it.
  [`carriers/cookie DokuWiki and cookie ${auth}`]: 'inform',
  ...attributesOf('DokuWiki'),
  ...attributesOf(auth),
  'cookie-tossing/names': 'cannot-judge',
  'transport/TLS': 'cannot-judge',
  'cache-headers/page of a logged-in user': 'pass',
  'cache-headers/answer that gives out the credential': 'pass',
  // The id is kept at login, and alone opens nothing.
  'fixation/kept id': 'pass',
  'fixation/given id': 'pass',
  'fixation/planted id': 'pass',
  // The first cookie holds the password under the same key still.
  'new-login-ends-old/second login': 'fail',
  'concurrent-sessions/sessions at once': 'inform',
  'concurrent-sessions/page of sessions': 'inform',
  'exposure/addresses': 'pass',
  'exposure/pages': 'pass',
  'exposure/TRACE': 'pass',
  'exposure/taken from an address': 'cannot-judge',
  'browser-exposure/check': 'cannot-judge',
  'cross-origin-reads/CORS': 'pass',
  'token-contents/cookie DokuWiki: content': 'pass',
  // The name of the user in base64, a digit, and the encrypted password in base64.
  [`token-contents/cookie ${auth}: content`]: 'inform',
  // 26 characters of 5 bits each, from the operating system.
  'token-strength/cookie DokuWiki': 'pass',
  'unknown-ids/malformed ids': 'pass',
  'unknown-ids/guessing': 'inform',
  'jwt-attacks/token': 'not-applicable',
  'device-bound/DBSC': 'not-applicable',
  'refresh-rotation/check': 'cannot-judge',
  // The session keeps its id at logout, so a copy of both cookies still gives out the password, and logs in anew.
  'logout-ends-session/logout': 'fail',
  // The id stays in the browser, where it opens nothing.
  'clear-site-data/logout': 'inform',
  'clear-site-data/Clear-Site-Data': 'inform',
  'puzzling/flows': 'cannot-judge',
  'timeouts/limits': 'cannot-judge',
  'cross-site-requests/other sites': 'pass',
  'cross-site-requests/hosts of the same site': 'pass',
  'logout-everywhere/check': 'cannot-judge',
  // Not in the recipe: sessions begun within the second of the change outlive it, others do not.
  'password-change/check': 'cannot-judge',
})

const attributesOf = (name: string): Truth => ({
  [`cookie-attributes/cookie ${name}: Secure`]: 'cannot-judge',
  [`cookie-attributes/cookie ${name}: HttpOnly`]: 'pass',
  // This version sets none.
  [`cookie-attributes/cookie ${name}: SameSite`]: 'fail',
  [`cookie-attributes/cookie ${name}: prefix`]: 'inform',
  [`cookie-attributes/cookie ${name}: Domain`]: 'pass',
  [`cookie-attributes/cookie ${name}: lifetime`]: 'pass',
})
