import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Decoded, Signature } from '../decoded.ts'

/** Whether this secret made that signature. */
export type Verify = (secret: string, signature: Signature, decoded: Decoded) => boolean

export function hmac(hash: string, key: string | Buffer, text: string | Buffer): Buffer {
  return createHmac(hash, key).update(text).digest()
}

export function isSame(expected: Buffer, value: string | Buffer): boolean {
  const given = typeof value === 'string' ? Buffer.from(value, 'base64') : value
  return given.length === expected.length && timingSafeEqual(given, expected)
}

export const isSameHex = (expected: Buffer, value: string): boolean => isSame(expected, Buffer.from(value, 'hex'))
