import { SessionError } from './errors.ts'

/** What an option has to be: a type as `typeof` names it, or one of these values. */
export type OptionKind = 'function' | 'object' | 'array' | 'boolean' | 'string' | 'number' | 'any' | readonly unknown[]

/** One entry for each option there is. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind }

/**
 * `ERR_OPTION` for a name that is no option, and for a value of another type. A misspelled option would leave the default in
 * place without a word. `where` is what the options belong to, as the application writes it: `createSessions`, `timeouts`.
 */
export function checkOptions(given: object, kinds: Readonly<Record<string, OptionKind>>, where: string): void {
  if (!isOfKind(given, 'object')) {
    throw new SessionError('ERR_OPTION', `${where} takes an object of options.`)
  }
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) {
      const names = Object.keys(kinds).join(', ')
      throw new SessionError('ERR_OPTION', `${where} has no option ${JSON.stringify(name)}, only: ${names}.`)
    }
    if (value !== undefined) checkArgument(value, kind, `${where}: ${name}`)
  }
}

/** The same for one argument, which has to be there. */
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
