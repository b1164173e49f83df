import { SessionError } from './errors.ts'

/** The type that an option must have, as `typeof` names it, or a list of allowed values. */
export type OptionKind = 'function' | 'object' | 'array' | 'boolean' | 'string' | 'number' | 'any' | readonly unknown[]

/** One entry for each option. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind }

/**
 * Throws `ERR_OPTION` for an unknown option or a value of a wrong type. Without this check, a misspelled option would
 * silently leave the default in place. `where` names the owner of the options: `createSessions`, `timeouts`.
 */
export function checkOptions(given: object, kinds: Readonly<Record<string, OptionKind>>, where: string): void {
  if (!isOfKind(given, 'object')) {
    throw new SessionError('ERR_OPTION', `${where} takes an object of options.`)
  }
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) {
      const meant = MEANT.slice(0, REACH[where] ?? 1).find(([names]) => names.split(' ').includes(name))
      const advice = meant?.[1] ?? `It has: ${Object.keys(kinds).join(', ')}.`
      throw new SessionError('ERR_OPTION', `${where} has no option ${JSON.stringify(name)}. ${advice}`)
    }
    if (value !== undefined) checkArgument(value, kind, `${where}: ${name}`)
  }
}

/**
 * Options of other libraries, and what to write instead. The first applies everywhere, the second where limits are set, and the
 * others to `createSessions` and its cookie. Elsewhere, such a name is more likely a misspelled option of ours.
 */
const MEANT: readonly (readonly [names: string, advice: string])[] = [
  ['proxy trustProxy', 'Set trustProxy where the server or the adapter is created.'],
  [
    'maxAge ttl timeout expires expiresIn expiration cookieMaxAge',
    'Limits are idle and absolute, in timeouts or for one login.',
  ],
  ['secret secrets password cookiePassword', 'Tokens need no secret. To sign them, set keys.'],
  ['resave saveUninitialized autoCommit unset', 'Remove it: only changes are stored, and reading stores nothing.'],
  ['rolling renew', 'Remove it: each use extends the session, up to timeouts.absolute.'],
  ['genid generateSessionId idGenerator', 'Remove it: ids are random.'],
  ['httpOnly secure', 'Remove it: the cookie is always HttpOnly and Secure. http://localhost works.'],
  ['name key cookieName sameSite domain path', 'createSessions takes it in cookie: { ... }.'],
  ['trustedOrigins', 'createSessions takes it in crossOrigin: { ... }.'],
]

const REACH: Readonly<Record<string, number>> = { createSessions: 9, cookie: 9, login: 2, timeouts: 2 }

/** The same check for one required argument. */
export function checkArgument(value: unknown, kind: OptionKind, what: string): void {
  if (isOfKind(value, kind)) return
  const wanted =
    typeof kind === 'string'
      ? `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
      : kind.map((each) => JSON.stringify(each)).join(' or ')
  throw new SessionError('ERR_OPTION', `${what} must be ${wanted}.`)
}

function isOfKind(value: unknown, kind: OptionKind): boolean {
  if (typeof kind !== 'string') return kind.includes(value)
  if (kind === 'array') return Array.isArray(value)
  return kind === 'any' || (typeof value === kind && value !== null && !Array.isArray(value))
}

/** With a number, most stores find no session, and the user would silently stay logged in. */
export function assertUserId(userId: unknown): void {
  if (typeof userId === 'string' && userId !== '') return
  throw new SessionError('ERR_OPTION', 'A user id is a string that is not empty.')
}
