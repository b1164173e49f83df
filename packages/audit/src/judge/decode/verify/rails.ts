import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { hmac, isSameHex, type Verify } from './keyed.ts'

/** How keys are made of `secret_key_base`: SHA-1 before Rails 7, SHA-256 since. */
const DIGESTS = ['sha1', 'sha256'] as const
const ROUNDS = 1000

const keysOf = (secret: string, salt: string, bytes: number): Buffer[] =>
  DIGESTS.map((digest) => pbkdf2Sync(secret, salt, ROUNDS, bytes, digest))

/** Without a salt: Rails 3, Rack, and `MessageVerifier` by itself. */
export const railsSigned: Verify = (secret, { covered, value }) => {
  const hash = value.length === 40 ? 'sha1' : 'sha256'
  const isBy = (key: string | Buffer) => isSameHex(hmac(hash, key, covered), value)
  return (
    isBy(secret) || ['signed cookie', 'signed encrypted cookie'].some((salt) => keysOf(secret, salt, 64).some(isBy))
  )
}

/** AES-256-GCM: only the right key takes its own tag. */
export const railsEncrypted: Verify = (secret, { covered, value }, decoded) => {
  if (!covered.includes('--')) return railsSigned(secret, { covered, value }, decoded)
  const [data, nonce] = covered.split('--').map((part) => Buffer.from(part, 'base64'))
  const tag = Buffer.from(value, 'base64')
  if (data === undefined || nonce === undefined) return false
  return keysOf(secret, 'authenticated encrypted cookie', 32).some((key) => opens('aes-256-gcm', key, nonce, tag, data))
}

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
