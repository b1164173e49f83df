import { SessionError } from '../../core/errors.ts'

/** What a failed commit of lmdb carries beside its message: a promise that rejects with the true reason. */
interface CommitError extends Error {
  readonly commitError?: Promise<never>
}

/** lmdb's error as ours. Ours pass as they are. */
export async function toStoreError(operation: string, cause: unknown): Promise<SessionError> {
  if (cause instanceof SessionError) return cause
  return new SessionError('ERR_STORE', `lmdb: ${operation} failed.`, await reasonOf(cause))
}

/** Awaited with an end, and always handled: a rejection that nobody looks at would end the process. */
async function reasonOf(error: unknown): Promise<unknown> {
  const { commitError } = error instanceof Error ? (error as CommitError) : {}
  if (commitError === undefined) return error
  const reason = commitError.catch((found: unknown) => found)
  const late = new Promise((resolve) => setTimeout(resolve, 100, error).unref())
  return Promise.race([reason, late])
}
