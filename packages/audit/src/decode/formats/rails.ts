import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, parseJson } from '../decoded.ts'

/** `MessageVerifier`: base64, two hyphens, HMAC in hex (SHA-1 or SHA-256). */
const SIGNED = /^([A-Za-z0-9+/=_-]+)--([0-9a-f]{40}|[0-9a-f]{64})$/
/** `MessageEncryptor` with AES-GCM: ciphertext, 12 bytes of nonce, 16 bytes of tag. */
const ENCRYPTED = /^[A-Za-z0-9+/]+={0,2}--[A-Za-z0-9+/]{16}--[A-Za-z0-9+/]{22}==$/
/** The same with AES-CBC of old, inside the signature: ciphertext and 16 bytes of nonce. */
const CBC = /^[A-Za-z0-9+/]+={0,2}--[A-Za-z0-9+/]{22}==$/

export function rails(text: string): Decoded | null {
  if (ENCRYPTED.test(text)) {
    return { kind: 'rails-encrypted', name: 'Rails encrypted cookie', protection: 'encrypted', content: null }
  }
  const [, payload, value] = SIGNED.exec(text) ?? []
  if (payload === undefined || value === undefined) return null
  const inner = toText(fromBase64(payload)) ?? ''
  if (CBC.test(inner)) {
    return { kind: 'rails-encrypted', name: 'Rails encrypted cookie (CBC)', protection: 'encrypted', content: null }
  }
  const data = parseJson(inner)
  const wrapped = isObject(data) && isObject(data._rails) ? data._rails.message : undefined
  const message = typeof wrapped === 'string' ? toText(fromBase64(wrapped)) : null
  return {
    kind: 'rails-signed',
    name: 'Rails signed cookie',
    protection: 'signed',
    content: message === null ? (data ?? inner) : (parseJson(message) ?? message),
    signature: { covered: payload, value },
  }
}
