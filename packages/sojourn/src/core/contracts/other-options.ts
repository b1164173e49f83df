import { type Elsewhere, LIMITS } from './check-options.ts'

/** What developers who know another library write for `createSessions` and its cookie. */
export const OTHERS: Elsewhere = [
  ...LIMITS,
  ['secret secrets password cookiePassword', 'Tokens need no secret. To sign them, set keys.'],
  ['resave saveUninitialized autoCommit unset', 'Remove it: only changes are stored, and reading stores nothing.'],
  ['rolling renew', 'Remove it: each use extends the session, up to timeouts.absolute.'],
  ['genid generateSessionId idGenerator', 'Remove it: ids are random.'],
  ['httpOnly secure', 'Remove it: the cookie is always HttpOnly and Secure. http://localhost works.'],
  ['name key cookieName sameSite domain path', 'createSessions takes it in cookie: { ... }.'],
  ['trustedOrigins csrf', 'createSessions takes it in crossOrigin: { ... }.'],
]
