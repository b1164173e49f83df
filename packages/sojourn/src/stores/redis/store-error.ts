import { SessionError } from '../../core/errors.ts'

/** A client's error as ours. Ours pass as they are. */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
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
}
