import { SessionError } from '../../core/errors.ts'
import { toQuietCause } from '../quiet-cause.ts'

/** What our scripts say of a record that they cannot read, and Redis of a key that holds something else. */
const DAMAGED = /\bthe record is (?:damaged|of a later version)|^(?:ERR Error running script.*)?\bWRONGTYPE\b/

/** What Redis says of a value beyond `proto-max-bulk-len`, 512 MB by default. */
const TOO_LARGE = /invalid bulk length|string exceeds maximum allowed size/

/** A client's error as ours. Ours pass as they are. Clients hang the whole command on theirs: that stays behind. */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
<<<<<<< HEAD
  return new SessionError(isFull(error) ? 'ERR_STORE_FULL' : 'ERR_STORE', `redis: ${operation} failed.`, toQuiet(error))
}

/** Redis 6.2 puts a sentence of its own before what a script was refused with. */
function isFull(error: unknown): boolean {
  return error instanceof Error && /^(?:ERR Error running script .* -)?OOM /.test(error.message)
}

/**
 * Clients hang the whole command on their errors, ids and data and all, and some answers of the server quote arguments:
 * only the name, the code, and what comes before the first quotation mark is fit for a log.
 */
function toQuiet(error: unknown): Error {
  const { name = 'Error', message = '', code }: { name?: unknown; message?: unknown; code?: unknown } = Object(error)
  const [text = ''] = String(message).split(/['"`]/, 1)
  const quiet = new Error(text.slice(0, 200))
  quiet.name = String(name)
  return typeof code === 'string' ? Object.assign(quiet, { code }) : quiet
=======
  const cause = toQuietCause(error)
  if (DAMAGED.test(cause.message)) return new SessionError('ERR_RECORD_DAMAGED', `redis: ${operation} failed.`, cause)
  if (TOO_LARGE.test(cause.message))
    return new SessionError('ERR_DATA_TOO_LARGE', 'redis: see proto-max-bulk-len.', cause)
  return new SessionError('ERR_STORE', `redis: ${operation} failed.`, cause)
>>>>>>> 9b7a8a1 (Tell a value too large and a record that is damaged from an outage, so that one user's data opens no breaker; pass on whole what a server says about itself)
}
