import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { Decoded, Signature } from './decoded.ts'

/** Whether this secret made the signature. */
export type Verify = (secret: string, signature: Signature, decoded: Decoded) => boolean

export function hmac(hash: string, key: string | Buffer, text: string | Buffer): Buffer {
  return createHmac(hash, key).update(text).digest()
}

export function isSame(expected: Buffer, value: string | Buffer): boolean {
  const given = typeof value === 'string' ? Buffer.from(value, 'base64') : value
  return given.length === expected.length && timingSafeEqual(given, expected)
}

export const isSameHex = (expected: Buffer, value: string): boolean => isSame(expected, Buffer.from(value, 'hex'))

/** Whether this key decrypts the data: AES-GCM accepts only the key that made the tag. */
export function opens(
  cipher: 'aes-128-gcm' | 'aes-256-gcm',
  key: Buffer,
  nonce: Buffer,
  tag: Buffer,
  data: Buffer,
): boolean {
  try {
    const decipher = createDecipheriv(cipher, key, nonce, { authTagLength: 16 }).setAuthTag(tag)
    decipher.update(data)
    decipher.final()
    return true
  } catch {
    return false
  }
}
