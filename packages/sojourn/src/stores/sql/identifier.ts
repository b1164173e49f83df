import { SessionError } from '../../core/contracts/errors.ts'

export const DEFAULT_TABLE = 'sojourn_sessions'

/** Leaves room for the endings of index names within the 63 bytes that PostgreSQL looks at. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,47}$/

/** Names go into SQL, where no parameter can stand: nothing but plain words gets there, and these quoted. */
export function assertIdentifier(name: unknown, option: string): asserts name is string {
  if (typeof name === 'string' && IDENTIFIER.test(name)) return
  throw new SessionError(
    'ERR_OPTION',
    `${option} must be a name of at most 48 letters, digits and underscores that does not begin with a digit.`,
  )
}
