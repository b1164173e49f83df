import { SessionError } from './errors.ts'

/** The type that an option must have, as `typeof` names it, or a list of allowed values. */
export type OptionKind = 'function' | 'object' | 'array' | 'boolean' | 'string' | 'number' | 'any' | readonly unknown[]

/** One entry for each option. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind }

/**
 * Throws `ERR_OPTION` for an unknown option or a value of a wrong type. Without this check, a misspelled option would
 * silently leave the default in place. `where` names the owner of the options: `createSessions`, `timeouts`.
 */
export function checkOptions(
  given: object,
  kinds: Readonly<Record<string, OptionKind>>,
  where: string,
  elsewhere: Elsewhere = ANYWHERE,
): void {
  assertOptions(given, where)
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) {
      const meant = elsewhere.find(([names]) => names.split(' ').includes(name))
      const advice = meant?.[1] ?? `It has: ${Object.keys(kinds).join(', ')}.`
      throw new SessionError('ERR_OPTION', `${where} has no option ${JSON.stringify(name)}. ${advice}`)
    }
    if (value !== undefined) checkArgument(value, kind, `${where}: ${name}`)
  }
}

/**
 * Throws `ERR_OPTION` for what is no object of options. A promise (an `await` is missing), a `Map` and a `Date` have no entries, so
 * every default would silently stay in place.
 */
export function assertOptions(given: object, where: string): void {
  if (isOfKind(given, 'object') && / (?:Object|Module)]/.test(Object.prototype.toString.call(given))) return
  const advice = given instanceof Promise ? ' Await the promise.' : ''
  throw new SessionError('ERR_OPTION', `${where} takes an object of options.${advice}`)
}

/** Throws `ERR_OPTION` for an option that is there without a value: the default would take the place of a variable that is missing. */
export function assertSet(options: object, names: readonly string[], where: string): void {
  const missing = names.find((name) => Object.hasOwn(options, name) && Reflect.get(options, name) === undefined)
  if (missing === undefined) return
  throw new SessionError('ERR_OPTION', `${where}: ${missing} is not set: an environment variable may be missing.`)
}

/** Options that belong elsewhere or to other libraries, several names in one text, and what to write instead. */
export type Elsewhere = readonly (readonly [names: string, advice: string])[]

/** Everywhere. Of more names, most are more likely a misspelled option of ours. */
const ANYWHERE: Elsewhere = [['proxy trustProxy', 'Set trustProxy where the server or the adapter is created.']]

/** Where limits are set. */
export const LIMITS: Elsewhere = [
  ...ANYWHERE,
  [
    'maxAge ttl timeout expires expiresIn expiration cookieMaxAge',
    'Limits are idle and absolute, in timeouts or for one login.',
  ],
]

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
