import { pbkdf2Sync } from 'node:crypto'
import type { Decoded, DecodedKind } from './decoded.ts'
import { hmac, isSame, isSameHex, type Verify } from './verify/keyed.ts'
import { django, flaskLogin, itsdangerous, tornado } from './verify/python.ts'
import { opens, railsEncrypted, railsSigned } from './verify/rails.ts'
import { WELL_KNOWN_SECRETS } from './well-known-secrets.ts'

const laravel: Verify = (secret, { covered, value }) => {
  if (!covered.includes('.')) return isSameHex(hmac('sha256', secret, covered), value)
  const [nonce, data] = covered.split('.').map((part) => Buffer.from(part, 'base64'))
  const key = Buffer.from(secret)
  const cipher = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
  if (nonce === undefined || data === undefined) return false
  return opens(cipher, key, nonce, Buffer.from(value, 'base64'), data)
}

const VERIFY: Partial<Readonly<Record<DecodedKind, Verify>>> = {
  jwt: (secret, { covered, value }, { header }) => {
    const bits = /^HS(256|384|512)$/.exec(String(header?.alg))?.[1]
    return bits !== undefined && isSame(hmac(`sha${bits}`, secret, covered), value)
  },
  'express-signed': (secret, { covered, value }) => isSame(hmac('sha256', secret, covered), value),
  'cookie-session': (secret, { covered, value }) =>
    ['sha1', 'sha256'].some((hash) => isSame(hmac(hash, secret, covered), value)),
  flask: itsdangerous,
  'flask-login': flaskLogin,
  'django-signed': django,
  tornado,
  'rails-signed': railsSigned,
  'rails-encrypted': railsEncrypted,
  laravel,
  gorilla: (secret, { covered, value }, { cookie = '' }) =>
    isSame(hmac('sha256', secret, `${cookie}|${covered}`), value),
  play: (secret, { covered, value }) => isSameHex(hmac('sha1', secret, covered), value),
  iron: (secret, { covered, value }) => {
    const [salt = '', mac = ''] = value.split('*')
    return isSame(hmac('sha256', pbkdf2Sync(secret, salt, 1, 32, 'sha1'), covered), mac)
  },
}

/**
 * The well-known secret that a token is signed with, or null. Null is no proof of a strong secret, and for formats whose
 * signature depends on more than the secret (Phoenix, ASP.NET) nothing is tried.
 */
export function guessSecret(decoded: Decoded, secrets: readonly string[] = WELL_KNOWN_SECRETS): string | null {
  const verify = VERIFY[decoded.kind]
  const { signature } = decoded
  if (verify === undefined || signature === undefined || signature.value === '') return null
  return secrets.find((secret) => verify(secret, signature, decoded)) ?? null
}

export function canGuess({ kind, signature }: Decoded): boolean {
  return VERIFY[kind] !== undefined && signature !== undefined && signature.value !== ''
}
