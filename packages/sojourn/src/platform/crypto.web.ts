import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'

/**
 * The same exports as `crypto.node.ts` for any runtime with Web Crypto. Hashes come from `@noble/hashes`, for Web Crypto
 * only has them as promises: ten times slower for the two short hashes of each request, and core could not stay synchronous.
 */

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

/** base64url of SHA-256, 43 characters. */
export function sha256Text(bytes: Uint8Array): string {
  return toBase64url(sha256(bytes))
}

export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return hmac(sha256, key, bytes)
}

export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Expects canonical base64url. What is none, as a store may hold by accident, gives no bytes. */
export function fromBase64url(text: string): Uint8Array {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM: nonce, ciphertext and tag in one. `context` is authenticated, not stored. */
export async function encrypt(key: Uint8Array, plain: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = await crypto.subtle.encrypt(parameters(nonce, context), await toKey(key), toBuffer(plain))
  const joined = new Uint8Array(NONCE_BYTES + sealed.byteLength)
  joined.set(nonce)
  joined.set(new Uint8Array(sealed), NONCE_BYTES)
  return joined
}

/** The plain bytes, or `null` when key, context or bytes are not the ones of `encrypt`. */
export async function decrypt(key: Uint8Array, sealed: Uint8Array, context: Uint8Array): Promise<Uint8Array | null> {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null
  const nonce = sealed.subarray(0, NONCE_BYTES)
  try {
    const plain = await crypto.subtle.decrypt(
      parameters(nonce, context),
      await toKey(key),
      toBuffer(sealed.subarray(NONCE_BYTES)),
    )
    return new Uint8Array(plain)
  } catch {
    return null
  }
}

function parameters(nonce: Uint8Array, context: Uint8Array): AesGcmParams {
  return { name: 'AES-GCM', iv: toBuffer(nonce), additionalData: toBuffer(context), tagLength: TAG_BYTES * 8 }
}

function toKey(key: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', toBuffer(key), 'AES-GCM', false, ['encrypt', 'decrypt'])
}

/** Web Crypto's types refuse what could stand on shared memory; ours never does. */
function toBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}
