import { createHash } from 'node:crypto'
import { hmac, isSame, isSameHex, type Verify } from './keyed.ts'

const hashOf = (hash: string, text: string): Buffer => createHash(hash).update(text).digest()

/** Flask makes its key by HMAC; `Signer` and its like, as Starlette uses them, by a hash. The salts are the libraries' own. */
export const itsdangerous: Verify = (secret, { covered, value }) => {
  const keys = [
    hmac('sha1', secret, 'cookie-session'),
    ...['itsdangerous.Signer', 'itsdangerous'].map((salt) => hashOf('sha1', `${salt}signer${secret}`)),
  ]
  return keys.some((key) => isSame(hmac('sha1', key, covered), value))
}

/** Sessions, `signing.dumps`, messages: the salts that Django itself uses. */
const DJANGO_SALTS = [
  'django.contrib.sessions.backends.signed_cookies',
  'django.core.signing',
  'django.contrib.messages',
]

/** `salted_hmac` hashes salt and secret to a key; `set_signed_cookie` salts with the cookie's name. */
export const django: Verify = (secret, { covered, value }, { cookie }) => {
  const salted = DJANGO_SALTS.map((salt) => `${salt}signer${secret}`)
  const keys = cookie === undefined ? salted : [...salted, `${cookie}signerdjango.http.cookies${secret}`]
  // SHA-1 before Django 3.1, told by the length.
  const hash = value.length < 40 ? 'sha1' : 'sha256'
  return keys.some((key) => isSame(hmac(hash, hashOf(hash, key), covered), value))
}

export const tornado: Verify = (secret, { covered, value }, { cookie = '' }) =>
  value.length === 64
    ? isSameHex(hmac('sha256', secret, covered), value)
    : isSameHex(hmac('sha1', secret, `${cookie}${covered}`), value)

export const flaskLogin: Verify = (secret, { covered, value }) => isSameHex(hmac('sha512', secret, covered), value)
