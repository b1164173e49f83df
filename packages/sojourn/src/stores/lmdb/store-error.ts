import { SessionError } from '../../core/errors.ts'

/** lmdb's error as ours. Ours pass as they are. */
export function toStoreError(operation: string, cause: unknown): SessionError {
  return cause instanceof SessionError ? cause : new SessionError('ERR_STORE', `lmdb: ${operation} failed.`, cause)
}

/** What a failed commit of lmdb carries beside its message: a promise that rejects with the true reason. */
interface CommitError extends Error {
  readonly commitError?: Promise<never>
}

/** Waits for the true reason, but not for ever, and never leaves it unhandled: that would end the process. */
export async function reasonOf(error: unknown): Promise<unknown> {
  const { commitError } = error instanceof Error ? (error as CommitError) : {}
  if (commitError === undefined) return error
  const reason = commitError.catch((found: unknown) => found)
  const late = new Promise((resolve) => setTimeout(resolve, 100, error).unref())
  return Promise.race([reason, late])
}
