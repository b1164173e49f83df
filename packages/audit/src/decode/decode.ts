import { percentDecoded } from './bytes.ts'
import type { Decoded } from './decoded.ts'
import { encryptedFormats } from './formats/encrypted.ts'
import { expressSigned } from './formats/express.ts'
import { jwt } from './formats/jwt.ts'
import { plain } from './formats/plain.ts'
import { djangoSigned, flask } from './formats/python.ts'
import { rails } from './formats/rails.ts'

export interface Companion {
  /** The cookie's name, and the value of `<name>.sig` if there is one: how `cookie-session` signs. */
  readonly name?: string
  readonly signature?: string
}

/** From what is told most surely to what anything could be. */
const FORMATS: readonly ((value: string) => Decoded | null)[] = [
  jwt,
  encryptedFormats,
  expressSigned,
  rails,
  djangoSigned,
  flask,
  plain,
]

/** What a cookie's value or a bearer token is, or null: then it tells nothing, as it should. Any bytes are fine. */
export function decode(value: string, companion: Companion = {}): Decoded | null {
  const text = percentDecoded(value.trim())
  if (companion.name !== undefined && companion.signature !== undefined) {
    const inner = plain(text)
    return {
      kind: 'cookie-session',
      name: 'cookie with a signature beside it (cookie-session)',
      protection: 'signed',
      content: inner?.content ?? text,
      signature: { covered: `${companion.name}=${value}`, value: companion.signature },
    }
  }
  for (const format of FORMATS) {
    const decoded = format(text)
    if (decoded !== null) return companion.name === undefined ? decoded : { ...decoded, cookie: companion.name }
  }
  return null
}
