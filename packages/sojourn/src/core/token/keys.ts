import { SessionError } from '../contracts/errors.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { repeats } from './token.ts'

const KEY_BYTES = 32

/** Checks keys of 32 bytes or more, newest first. An empty list is refused: an empty environment variable produces one. */
export function toKeys(keys: readonly (string | Uint8Array)[], where: string): readonly Uint8Array[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new SessionError('ERR_OPTION', `${where}: keys must be a list of secrets with at least one.`)
  }
  return keys.map((key: unknown, index) => {
    const bytes = typeof key === 'string' ? toUtf8(key) : key
    if (bytes instanceof Uint8Array && bytes.length >= KEY_BYTES && !repeats(bytes)) return bytes
    throw new SessionError(
      'ERR_OPTION',
      `${where}: keys[${index}] must be a string or a Uint8Array of at least ${KEY_BYTES} bytes that does not repeat itself. Make one with: openssl rand -base64 32`,
    )
  })
}
