import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { rescue } from '../../core/lib/maybe.ts'
import type { Dialect, Fault } from './dialect.ts'

/** A driver's error without what it carries: parameters, the statement, rows that are quoted in details. */
class DriverError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'DriverError'
  }
}

/** The driver's error as ours. */
export function toStoreError(dialect: Dialect, operation: string, error: unknown): SessionError {
  const { name, schemaFile } = dialect
  const { kind, text } = dialect.toFault(error)
  const detail =
    kind === 'table'
      ? `${name}: the table is missing, or is another one. Run store.setup(), or your migration from ${schemaFile}.`
      : `${name}: ${operation} failed.`
  return new SessionError(codeOf(kind), detail, new DriverError(text))
}

function codeOf(kind: Fault['kind']): SessionErrorCode {
  if (kind === 'large') return 'ERR_DATA_TOO_LARGE'
  return kind === 'full' ? 'ERR_STORE_FULL' : 'ERR_STORE'
}

/** Enough for 50 writers of one row under serialisable isolation, each of whom can be sent back by all others. */
const TRIES = 100
const LONGEST_WAIT_MS = 50

/** Runs `work`, and again while the database says that nothing happened and another try can succeed. */
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

/** With chance in it, or those who met would meet again. */
function pause(tries: number): Promise<void> {
  const ms = Math.random() * Math.min(2 ** tries, LONGEST_WAIT_MS)
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
