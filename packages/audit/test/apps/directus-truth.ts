import type { Truth } from '../gallery/variant.ts'

/** True of both ways to log in. */
const OF_BOTH: Truth = {
  'transport/TLS': 'cannot-judge',
  // Cache-Control: no-cache with all that is not cached on purpose: kept, but asked about each time.
  'cache-headers/page of a logged-in user': 'inform',
  'cache-headers/answer that gives out the credential': 'inform',
  'concurrent-sessions/sessions at once': 'inform',
  'concurrent-sessions/page of sessions': 'inform',
  'exposure/addresses': 'pass',
  'exposure/pages': 'pass',
  'exposure/TRACE': 'pass',
  // ?access_token=..., as documented; it takes the value of the cookie too.
  'exposure/taken from an address': 'fail',
  'browser-exposure/check': 'cannot-judge',
  // RATE_LIMITER_ENABLED is off unless asked for.
  'unknown-ids/guessing': 'inform',
  // jsonwebtoken, with a secret alone, takes HS256, HS384 and HS512, and looks at no key of the token's own.
  'jwt-attacks/forged tokens': 'pass',
  // The row of the session is gone.
  'logout-ends-session/refresh after logout': 'pass',
  'clear-site-data/Clear-Site-Data': 'inform',
  'puzzling/flow 1': 'pass',
  'timeouts/limits': 'cannot-judge',
  'logout-everywhere/check': 'cannot-judge',
  // The session that changes the password is not changed.
  'password-change/copy of the own session': 'inform',
}

/** Directus 12 with its defaults, over http on this machine, logged in with `mode: session`. */
export const DIRECTUS_SESSION: Truth = {
  ...OF_BOTH,
  'carriers/cookie directus_session_token': 'inform',
  'cookie-attributes/cookie directus_session_token: Secure': 'cannot-judge',
  'cookie-attributes/cookie directus_session_token: HttpOnly': 'pass',
  'cookie-attributes/cookie directus_session_token: SameSite': 'pass',
  'cookie-attributes/cookie directus_session_token: prefix': 'inform',
  'cookie-attributes/cookie directus_session_token: Domain': 'pass',
  // SESSION_COOKIE_TTL: a day on disk.
  'cookie-attributes/cookie directus_session_token: lifetime': 'inform',
  'cookie-tossing/cookie directus_session_token: case of the name': 'inform',
  // cookie-parser keeps the first of a name.
  'cookie-tossing/cookie directus_session_token: sent twice': 'inform',
  // Visitors get no cookie.
  'fixation/kept id': 'pass',
  'fixation/given id': 'pass',
  // A request with an unknown cookie is refused, that to log in too, and the cookie emptied; the next login gets a new one.
  'fixation/planted id': 'pass',
  // Each login creates a new session, whatever token was sent with it.
  'fixation/id of another user': 'pass',
  // A login looks at no session that is there.
  'new-login-ends-old/second login': 'fail',
  'cross-origin-reads/CORS': 'pass',
  'token-contents/cookie directus_session_token: secret': 'pass',
  // Ids of the user, the role and the session, and whether one is an administrator.
  'token-contents/cookie directus_session_token: content': 'inform',
  // In the signed token stands a session id of 64 random characters.
  'token-strength/cookie directus_session_token': 'pass',
  // %00 goes to PostgreSQL, which takes no such text: 500.
  'unknown-ids/malformed ids': 'fail',
  'device-bound/DBSC': 'not-applicable',
  // For ten seconds a session that was renewed gives out the same successor (SESSION_REFRESH_GRACE_PERIOD).
  'refresh-rotation/second use': 'inform',
  'refresh-rotation/family': 'cannot-judge',
  'logout-ends-session/logout': 'pass',
  'logout-ends-session/another user': 'pass',
  // Set again with an empty value, for a day.
  'clear-site-data/logout': 'pass',
  // The one address takes PATCH alone, and application/json alone.
  'cross-site-requests/other sites': 'pass',
  'cross-site-requests/hosts of the same site': 'pass',
  // All rows of the user's sessions but its own go.
  'password-change/other session': 'pass',
}

/** The same with `mode: json`: an access token for 15 minutes, which nothing is looked up for, and a refresh token. */
export const DIRECTUS_TOKENS: Truth = {
  ...OF_BOTH,
  'carriers/bearer': 'inform',
  'cookie-attributes/check': 'not-applicable',
  'cookie-tossing/check': 'not-applicable',
  'fixation/check': 'not-applicable',
  'new-login-ends-old/check': 'not-applicable',
  'cross-origin-reads/check': 'not-applicable',
  'token-contents/bearer: secret': 'pass',
  'token-contents/bearer: content': 'inform',
  // Nothing random inside: two of one second are the same.
  'token-strength/bearer': 'inform',
  // No code decodes the value in the header.
  'unknown-ids/malformed ids': 'pass',
  'device-bound/check': 'not-applicable',
  // The row takes the new token: the old one is unknown from then on,
  'refresh-rotation/second use': 'pass',
  // and its use is no sign of anything: the successor lives on.
  'refresh-rotation/family': 'fail',
  'logout-ends-session/logout': 'fail',
  // It ends the refresh token of this user alone.
  'logout-ends-session/another user': 'pass',
  'cross-site-requests/check': 'not-applicable',
  'password-change/other session': 'fail',
}
