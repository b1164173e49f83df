import { createHash } from 'node:crypto'
import { fromBase64, inflate, toText } from '../bytes.ts'
import { type Decoded, type Json, parseJson } from '../decoded.ts'
import { hmac, isSame, isSameHex, type Verify } from '../signatures.ts'

/**
 * Django: `payload:time:signature`, or without the time. SHA-256 signs with 43 letters; SHA-1, before Django 3.1, with 27.
 *
 *     WzEsInR3byJd:1wShJQ:wFN_iNUeGYANArS559bzJZN4v_ziw_b2p0qUgyQNVdU
 */
const DJANGO = /^(.+?)(?::([0-9A-Za-z]{5,7}))?:([\w-]{43}|[\w-]{27})$/s

/**
 * itsdangerous: `payload.time.signature`. Flask uses it, and Starlette in plain base64. `URLSafeSerializer` has no time.
 *
 *     eyJ1c2VyX2lkIjo3LCJyb2xlIjoiYWRtaW4ifQ.ahilAA.39PwW7oOICiavYS_5bNeYG0u6BE
 */
const FLASK = /^(\.?[\w+/-]+={0,2})(?:\.([\w-]{5,8}))?\.([\w-]{27}|[\w-]{43})$/

/**
 * Flask-Login: the number of a user, and an HMAC of it by SHA-512 in 128 hex digits.
 *
 *     7|cd92df2b260070a304680dc94d71608c71cc13debf69a48e6ad3bd0855f9630b7cf0bbbcc3b9e791c3cc85f5ad25ecc8...
 */
const FLASK_LOGIN = /^([^|]+)\|([0-9a-f]{128})$/

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** From 2001 to 2100: libraries that use this format sign a time in this range. */
const isPlausible = (seconds: number): boolean => seconds > 978_307_200 && seconds < 4_102_444_800

export function djangoSigned(text: string): Decoded | null {
  const [, payload, time, value] = DJANGO.exec(text.replace(/^"(.*)"$/, '$1')) ?? []
  if (payload === undefined || value === undefined) return null
  const seconds = time === undefined ? null : [...time].reduce((sum, letter) => sum * 62 + BASE62.indexOf(letter), 0)
  if (seconds !== null && !isPlausible(seconds)) return null
  return {
    kind: 'django-signed',
    name: 'Django signed cookie',
    protection: 'signed',
    content: contentOf(payload) ?? payload,
    signature: { covered: time === undefined ? payload : `${payload}:${time}`, value },
    ...(seconds === null ? {} : { signedAt: seconds * 1000 }),
  }
}

export function flask(text: string): Decoded | null {
  const [, payload, time, value] = FLASK.exec(text.replace(/^"(.*)"$/, '$1')) ?? []
  if (payload === undefined || value === undefined) return null
  const content = contentOf(payload)
  const seconds = time === undefined ? null : secondsOf(time)
  // Two parts of these lengths could be anything, so the content must be data.
  if (seconds === null ? time !== undefined || typeof content !== 'object' : !isPlausible(seconds)) return null
  return {
    kind: 'flask',
    name: /[+/=]/.test(payload) ? 'Starlette session (itsdangerous)' : 'Flask session (itsdangerous)',
    protection: 'signed',
    content: content ?? payload,
    signature: { covered: time === undefined ? payload : `${payload}.${time}`, value },
    ...(seconds !== null && { signedAt: seconds * 1000 }),
  }
}

function secondsOf(time: string): number | null {
  const stamp = fromBase64(time)
  return stamp === null || stamp.length > 6 ? null : stamp.readUIntBE(0, stamp.length)
}

export function flaskLogin(text: string): Decoded | null {
  const [, covered, value] = FLASK_LOGIN.exec(text) ?? []
  if (covered === undefined || value === undefined) return null
  const name = 'Flask-Login, remembered user'
  return { kind: 'flask-login', name, protection: 'signed', content: { user: covered }, signature: { covered, value } }
}

/** Base64 of JSON; a leading dot marks compressed data. */
function contentOf(payload: string): Json | undefined {
  const bytes = payload.startsWith('.') ? inflate(fromBase64(payload.slice(1))) : fromBase64(payload)
  const text = toText(bytes)
  return text === null ? undefined : (parseJson(text) ?? text)
}

const hashOf = (hash: string, text: string): Buffer => createHash(hash).update(text).digest()

/**
 * Flask derives its key by HMAC; `Signer` and similar classes, which Starlette uses, by a hash. The salts are those of the
 * libraries.
 */
export const verifyFlask: Verify = (secret, { covered, value }) => {
  const keys = [
    hmac('sha1', secret, 'cookie-session'),
    ...['itsdangerous.Signer', 'itsdangerous'].map((salt) => hashOf('sha1', `${salt}signer${secret}`)),
  ]
  return keys.some((key) => isSame(hmac('sha1', key, covered), value))
}

/** The salts that Django itself uses for sessions, `signing.dumps` and messages. */
const DJANGO_SALTS = [
  'django.contrib.sessions.backends.signed_cookies',
  'django.core.signing',
  'django.contrib.messages',
]

/** `salted_hmac` hashes salt and secret to a key; `set_signed_cookie` salts with the cookie's name. */
export const verifyDjango: Verify = (secret, { covered, value }, { cookie }) => {
  const salted = DJANGO_SALTS.map((salt) => `${salt}signer${secret}`)
  const keys = cookie === undefined ? salted : [...salted, `${cookie}signerdjango.http.cookies${secret}`]
  // The length distinguishes SHA-1 from SHA-256.
  const hash = value.length < 40 ? 'sha1' : 'sha256'
  return keys.some((key) => isSame(hmac(hash, hashOf(hash, key), covered), value))
}

export const verifyFlaskLogin: Verify = (secret, { covered, value }) =>
  isSameHex(hmac('sha512', secret, covered), value)
