import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import type { Decoded, DecodedKind, Signature } from './decoded.ts'
import { WELL_KNOWN_SECRETS } from './secrets.ts'

type Verify = (secret: string, signature: Signature, decoded: Decoded) => boolean

const VERIFY: Partial<Readonly<Record<DecodedKind, Verify>>> = {
  jwt: (secret, { covered, value }, { header }) => {
    const bits = /^HS(256|384|512)$/.exec(String(header?.alg))?.[1]
    return bits !== undefined && isSame(createHmac(`sha${bits}`, secret).update(covered).digest(), value)
  },
  'express-signed': (secret, { covered, value }) => isSame(hmac('sha256', secret, covered), value),
  'cookie-session': (secret, { covered, value }) =>
    ['sha1', 'sha256'].some((hash) => isSame(hmac(hash, secret, covered), value)),
  flask: (secret, { covered, value }) => isSame(hmac('sha1', hmac('sha1', secret, 'cookie-session'), covered), value),
  'django-signed': (secret, { covered, value }, { cookie }) =>
    djangoKeys(secret, cookie).some((key) => isSame(django(key, covered, value), value)),
  laravel: (secret, { covered, value }) => isSame(hmac('sha256', secret, covered), Buffer.from(value, 'hex')),
  iron: (secret, { covered, value }) => {
    const [salt = '', mac = ''] = value.split('*')
    return isSame(hmac('sha256', pbkdf2Sync(secret, salt, 1, 32, 'sha1'), covered), mac)
  },
}

/** Sessions, `signing.dumps`, messages: the salts that Django itself uses. */
const DJANGO_SALTS = [
  'django.contrib.sessions.backends.signed_cookies',
  'django.core.signing',
  'django.contrib.messages',
]

/**
 * The well-known secret that a token is signed with, or null. Null is no proof of a strong secret, and for formats whose
 * signature depends on more than the secret (Rails) nothing is tried.
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

function hmac(hash: string, key: string | Buffer, text: string): Buffer {
  return createHmac(hash, key).update(text).digest()
}

/** `salted_hmac` hashes salt and secret to a key; `set_signed_cookie` salts with the cookie's name. */
function djangoKeys(secret: string, cookie: string | undefined): string[] {
  const keys = DJANGO_SALTS.map((salt) => `${salt}signer${secret}`)
  return cookie === undefined ? keys : [...keys, `${cookie}signerdjango.http.cookies${secret}`]
}

/** SHA-1 before Django 3.1, told by the length. */
function django(key: string, covered: string, value: string): Buffer {
  const hash = value.length < 40 ? 'sha1' : 'sha256'
  return hmac(hash, createHash(hash).update(key).digest(), covered)
}

function isSame(expected: Buffer, value: string | Buffer): boolean {
  const given = typeof value === 'string' ? Buffer.from(value, 'base64') : value
  return given.length === expected.length && timingSafeEqual(given, expected)
}
