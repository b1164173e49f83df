import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { rescue } from '../../core/lib/maybe.ts'
import type { Dialect, Fault } from './dialect.ts'

/** A driver's error without its parameters, its statement and the rows that its details quote. */
class DriverError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'DriverError'
  }
}

/** Converts the driver's error to a `SessionError`. */
export function toStoreError(dialect: Dialect, operation: string, error: unknown): SessionError {
  const { name, schemaFile } = dialect
  const { kind, text } = dialect.toFault(error)
  const detail =
    kind === 'table'
      ? `${name}: the table is missing or differs. Run store.setup(), or your migration from ${schemaFile}.`
      : `${name}: ${operation} failed.`
  return new SessionError(codeOf(kind), detail, new DriverError(text))
}

function codeOf(kind: Fault['kind']): SessionErrorCode {
  if (kind === 'large') return 'ERR_DATA_TOO_LARGE'
  return kind === 'full' ? 'ERR_STORE_FULL' : 'ERR_STORE'
}

/** Enough for 50 writers of one row under serializable isolation, each of which can be aborted by all others. */
const TRIES = 100
const LONGEST_WAIT_MS = 50

/** Runs `work` again while the database reports that nothing happened and another attempt can succeed. */
export function retrying<T>(
  dialect: Dialect,
  work: () => MaybePromise<T>,
  isAgain: (fault: Fault) => boolean = ({ kind }) => kind === 'again',
  tries = 1,
): MaybePromise<T> {
  return rescue(work, (error) => {
    if (error instanceof SessionError || tries >= TRIES || !isAgain(dialect.toFault(error))) throw error
    return pause(tries).then(() => retrying(dialect, work, isAgain, tries + 1))
  })
}

/** A random pause, so that writers that collided do not collide again. */
function pause(tries: number): Promise<void> {
  const ms = Math.random() * Math.min(2 ** tries, LONGEST_WAIT_MS)
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
