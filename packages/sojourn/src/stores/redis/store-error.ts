import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import { toQuietCause } from '../kit/driver-errors.ts'

/** The message of our scripts for a record that they cannot read, and of Redis for a key that holds something else. */
const DAMAGED = /\bthe record is (?:damaged|of a later version)|^(?:ERR Error running script.*)?\bWRONGTYPE\b/

/**
 * The message of Redis for a value larger than `proto-max-bulk-len`, 512 MB by default, and of Node.js for a text that is too
 * long.
 */
const TOO_LARGE = /invalid bulk length|string exceeds maximum allowed size|^Invalid string length$/

/** Redis 6.2 puts a sentence of its own before the error of a script. */
const FULL = /^(?:ERR Error running script .* -)?OOM /

/**
 * Converts a client's error to a `SessionError`. Returns a `SessionError` unchanged. Clients attach the whole command to their
 * errors, so that is dropped.
 */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const cause = toQuietCause(error)
  return new SessionError(codeOf(cause.message), `redis: ${operation} failed.`, cause)
}

function codeOf(text: string): SessionErrorCode {
  if (FULL.test(text)) return 'ERR_STORE_FULL'
  if (DAMAGED.test(text)) return 'ERR_RECORD_DAMAGED'
  return TOO_LARGE.test(text) ? 'ERR_DATA_TOO_LARGE' : 'ERR_STORE'
}
