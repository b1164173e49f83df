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
  // The login page sends who is logged in on to the admin, so there is no second login to be made.
  'new-login-ends-old/check': 'cannot-judge',
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
  'token-contents/cookie sessionid: secret': 'pass',
  // Signed, not encrypted: the number of the user and a hash can be read.
  'token-contents/cookie sessionid: content': 'inform',
  'token-strength/cookie sessionid': 'inform',
})

export const DOKUWIKI: Truth = {}
