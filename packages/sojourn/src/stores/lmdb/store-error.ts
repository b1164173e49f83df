import { statfs } from 'node:fs/promises'
import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import { toQuietCause } from '../kit/driver-errors.ts'

/** Larger than a value can be, or than one transaction can write. */
const LARGE = /\bMDB_(BAD_VALSIZE|TXN_FULL)\b/

/** The map cannot grow, or the disk, a quota or a file is full. */
const FULL = /\bMDB_MAP_FULL\b|No space left on device|Disk quota exceeded|File too large|not enough space/i

/** Converts lmdb's error to a `SessionError`. Returns a `SessionError` unchanged. */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const cause = toQuietCause(error)
  return new SessionError(codeOf(cause.message), `lmdb: ${operation} failed.`, cause)
}

function codeOf(text: string): SessionErrorCode {
  if (LARGE.test(text)) return 'ERR_DATA_TOO_LARGE'
  return FULL.test(text) ? 'ERR_STORE_FULL' : 'ERR_STORE'
}

/** lmdb adds a promise to the error of a failed commit. It rejects with the actual reason. */
interface CommitError extends Error {
  readonly commitError?: Promise<never>
}

/**
 * Waits for the actual reason, with a time limit. Always handles the promise, because an unhandled rejection would end the
 * process.
 */
export async function reasonOf(error: unknown, path: string): Promise<unknown> {
  const { commitError } = error instanceof Error ? (error as CommitError) : {}
  if (commitError === undefined) return error
  const reason = commitError.catch((found: unknown) => found)
  const late = new Promise((resolve) => setTimeout(resolve, 100, error).unref())
  const found = await Promise.race([reason, late])
  return found instanceof Error && /Input.output error/.test(found.message) && (await isFull(path))
    ? new Error('Input/output error: no space left on device')
    : found
}

/** LMDB reports a partial write as an input/output error, so the disk is asked whether it is full. */
async function isFull(path: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 1, bsize: LITTLE_BYTES }))
  return bavail * bsize < LITTLE_BYTES
}

const LITTLE_BYTES = 65_536
