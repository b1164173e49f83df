import { pbkdf2Sync } from 'node:crypto'
import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, type Json, parseJson, type Signature } from '../decoded.ts'
import { hmac, isSameHex, opens, type Verify } from '../signatures.ts'
import { languageOf, textsIn } from './serialised.ts'

/**
 * `MessageVerifier`: base64, two hyphens, HMAC in hex (SHA-1 or SHA-256). Rack signs in the same way.
 *
 *     InUtNyI=--1071146dd6c955bd940f1b261b085dafbc779808bef99beb9da25d3d559aedae
 */
const SIGNED = /^([A-Za-z0-9+/=_-]+)--([0-9a-f]{40}|[0-9a-f]{64})$/
/**
 * `MessageEncryptor` with AES-GCM: ciphertext, 12 bytes of nonce, 16 bytes of tag.
 *
 *     YfQDDjglM3PShm3jPg==--/DEQLrlWbNVGwGTm--dCU0j4tg9FlTblXzr52G8Q==
 */
const ENCRYPTED = /^([A-Za-z0-9+/]+={0,2}--[A-Za-z0-9+/]{16})--([A-Za-z0-9+/]{22}==)$/
/** The same with the older AES-CBC, inside the signature: ciphertext and 16 bytes of nonce. */
const CBC = /^[A-Za-z0-9+/]+={0,2}--[A-Za-z0-9+/]{22}==$/

export function rails(text: string): Decoded | null {
  const [, sealed, tag] = ENCRYPTED.exec(text) ?? []
  if (sealed !== undefined && tag !== undefined) return encrypted('', { covered: sealed, value: tag })
  const [, payload, value] = SIGNED.exec(text) ?? []
  if (payload === undefined || value === undefined) return null
  const signature = { covered: payload, value }
  const bytes = fromBase64(payload)
  const inner = toText(bytes)
  if (inner !== null && CBC.test(inner)) return encrypted(' (CBC)', signature)
  const language = bytes === null ? undefined : languageOf(bytes)
  const content = bytes !== null && language !== undefined ? textsIn(bytes) : contentOf(inner ?? '')
  const name = language === undefined ? 'Rails signed cookie' : `Rails or Rack signed cookie, of ${language}`
  return { kind: 'rails-signed', name, protection: 'signed', content, signature }
}

function encrypted(how: string, signature: Signature): Decoded {
  const name = `Rails encrypted cookie${how}`
  return { kind: 'rails-encrypted', name, protection: 'encrypted', content: null, signature }
}

/** JSON. Since Rails 5.2 it is in an envelope that names its purpose. */
function contentOf(inner: string): Json {
  const data = parseJson(inner)
  const wrapped = isObject(data) && isObject(data._rails) ? data._rails.message : undefined
  const message = typeof wrapped === 'string' ? toText(fromBase64(wrapped)) : null
  return message === null ? (data ?? inner) : (parseJson(message) ?? message)
}

/** How keys are derived from `secret_key_base`: SHA-1 before Rails 7, SHA-256 since. */
const DIGESTS = ['sha1', 'sha256'] as const
const ROUNDS = 1000

const keysOf = (secret: string, salt: string, bytes: number): Buffer[] =>
  DIGESTS.map((digest) => pbkdf2Sync(secret, salt, ROUNDS, bytes, digest))

/** Without a salt: Rails 3, Rack, and `MessageVerifier` by itself. */
export const verifyRailsSigned: Verify = (secret, { covered, value }) => {
  const hash = value.length === 40 ? 'sha1' : 'sha256'
  const isBy = (key: string | Buffer) => isSameHex(hmac(hash, key, covered), value)
  return (
    isBy(secret) || ['signed cookie', 'signed encrypted cookie'].some((salt) => keysOf(secret, salt, 64).some(isBy))
  )
}

/** AES-256-GCM: only the right key accepts the tag. */
export const verifyRailsEncrypted: Verify = (secret, { covered, value }, decoded) => {
  if (!covered.includes('--')) return verifyRailsSigned(secret, { covered, value }, decoded)
  const [data, nonce] = covered.split('--').map((part) => Buffer.from(part, 'base64'))
  const tag = Buffer.from(value, 'base64')
  if (data === undefined || nonce === undefined) return false
  return keysOf(secret, 'authenticated encrypted cookie', 32).some((key) => opens('aes-256-gcm', key, nonce, tag, data))
}
