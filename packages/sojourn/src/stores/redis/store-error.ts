import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import { toQuietCause } from '../quiet-cause.ts'

/** What our scripts say of a record that they cannot read, and Redis of a key that holds something else. */
const DAMAGED = /\bthe record is (?:damaged|of a later version)|^(?:ERR Error running script.*)?\bWRONGTYPE\b/

/** What Redis says of a value beyond `proto-max-bulk-len`, 512 MB by default, and Node.js of a text that it cannot make. */
const TOO_LARGE = /invalid bulk length|string exceeds maximum allowed size|^Invalid string length$/

/** Redis 6.2 puts a sentence of its own before what a script was refused with. */
const FULL = /^(?:ERR Error running script .* -)?OOM /

/** A client's error as ours. Ours pass as they are. Clients hang the whole command on theirs: that stays behind. */
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
