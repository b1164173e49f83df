import { percentDecoded } from './bytes.ts'
import type { Decoded } from './decoded.ts'
import { encryptedFormats } from './formats/encrypted.ts'
import type { Known } from './formats/joined.ts'
import { jwt } from './formats/jwt.ts'
import { plain } from './formats/plain.ts'
import { djangoSigned, flask, flaskLogin } from './formats/python.ts'
import { rails } from './formats/rails.ts'
import { serialised } from './formats/serialised.ts'
import { expressSigned, gorilla, pasetoPublic, phoenix, play, tornado } from './formats/signed.ts'

export interface Companion {
  /** The cookie's name, and the value of `<name>.sig` if there is one: `cookie-session` signs this way. */
  readonly name?: string
  readonly signature?: string
  /** Values that identify the user, and what each is: the name, the password. Includes their hashes if they matter. */
  readonly known?: ReadonlyMap<string, 'user' | 'secret'>
  /** When it was issued, in ms since the epoch. Default: now. */
  readonly now?: number
}

/** From the most to the least certain format. */
const FORMATS: readonly ((value: string, known: Known) => Decoded | null)[] = [
  jwt,
  encryptedFormats,
  expressSigned,
  rails,
  tornado,
  djangoSigned,
  flask,
  flaskLogin,
  gorilla,
  pasetoPublic,
  phoenix,
  play,
  serialised,
  plain,
]

/** Returns what a cookie's value or a bearer token is. `null` if it reveals nothing, which is correct. Accepts any bytes. */
export function decode(value: string, companion: Companion = {}): Decoded | null {
  const text = percentDecoded(value.trim())
  const known = { values: companion.known ?? new Map(), now: companion.now ?? Date.now() }
  if (companion.name !== undefined && companion.signature !== undefined) {
    const inner = plain(text, known)
    return {
      kind: 'cookie-session',
      name: 'cookie with a signature beside it (cookie-session)',
      protection: 'signed',
      content: inner?.content ?? text,
      signature: { covered: `${companion.name}=${value}`, value: companion.signature },
    }
  }
  for (const format of FORMATS) {
    const decoded = format(text, known)
    if (decoded !== null) return companion.name === undefined ? decoded : { ...decoded, cookie: companion.name }
  }
  return null
}
