import { SessionError } from '../../core/contracts/errors.ts'

export const DEFAULT_TABLE = 'sojourn_sessions'

/** Leaves room for the suffixes of index names within PostgreSQL's limit of 63 bytes. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,47}$/

/** Names are inserted into SQL, where no parameter can be used. So only plain words are allowed, and they are quoted. */
export function assertIdentifier(name: unknown, option: string): asserts name is string {
  if (typeof name === 'string' && IDENTIFIER.test(name)) return
  throw new SessionError(
    'ERR_OPTION',
    `${option} must be a name of at most 48 letters, digits and underscores that does not begin with a digit.`,
  )
}
