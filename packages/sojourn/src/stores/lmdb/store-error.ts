import { statfs } from 'node:fs/promises'
import { SessionError, type SessionErrorCode } from '../../core/contracts/errors.ts'
import { toQuietCause } from '../quiet-cause.ts'

/** Larger than a value can be, or than one transaction can write. */
const LARGE = /\bMDB_(BAD_VALSIZE|TXN_FULL)\b/

/** The map cannot grow, or the disk, a quota or a file has no room. */
const FULL = /\bMDB_MAP_FULL\b|No space left on device|Disk quota exceeded|File too large|not enough space/i

/** lmdb's error as ours. Ours pass as they are. */
export function toStoreError(operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const cause = toQuietCause(error)
  return new SessionError(codeOf(cause.message), `lmdb: ${operation} failed.`, cause)
}

function codeOf(text: string): SessionErrorCode {
  if (LARGE.test(text)) return 'ERR_DATA_TOO_LARGE'
  return FULL.test(text) ? 'ERR_STORE_FULL' : 'ERR_STORE'
}

/** What a failed commit of lmdb carries beside its message: a promise that rejects with the true reason. */
interface CommitError extends Error {
  readonly commitError?: Promise<never>
}

/** Waits for the true reason, but not for ever, and never leaves it unhandled: that would end the process. */
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

/** To LMDB a write that the disk took half of is an input/output error. */
async function isFull(path: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 1, bsize: LITTLE_BYTES }))
  return bavail * bsize < LITTLE_BYTES
}

const LITTLE_BYTES = 65_536
