import { SessionError } from '../contracts/errors.ts'
import { toUtf8 } from '../lib/bytes.ts'

const KEY_BYTES = 32

/**
 * Checks keys of 32 bytes or more, newest first. `option` begins the messages: `auditLog: keys`.
 *
 * An empty list is refused instead of treated as "no keys": an empty environment variable produces one, and the MAC would be off.
 */
export function toKeys(keys: readonly (string | Uint8Array)[], option: string): readonly Uint8Array[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new SessionError('ERR_OPTION', `${option} must be a list of secrets with at least one.`)
  }
  return Array.from(keys, (key: unknown, index) => toKey(key, `${option}[${index}]`))
}

/** Checks one key, as `toKeys`. */
export function toKey(key: unknown, option: string): Uint8Array {
  const bytes = typeof key === 'string' ? toUtf8(key) : key
  const isLong = bytes instanceof Uint8Array && bytes.length >= KEY_BYTES
  if (isLong && !repeats(bytes)) return bytes
  const isSet = bytes instanceof Uint8Array ? bytes.length > 0 : bytes !== undefined && bytes !== null
  const problem = isLong
    ? 'repeats itself, so it can be guessed'
    : isSet
      ? `must be a string or a Uint8Array of at least ${KEY_BYTES} bytes`
      : 'is not set: an environment variable may be missing'
  throw new SessionError('ERR_OPTION', `${option} ${problem}. Make one with: openssl rand -base64 32`)
}

/** Whether the second half only repeats what came before: `aaaa...`, blanks, `change-me-change-me-...`. No random key does. */
function repeats(bytes: Uint8Array): boolean {
  const text = bytes.join()
  return [...text].some((_, at) => at > 0 && at * 2 <= text.length + 1 && text.startsWith(text.slice(at)))
}
