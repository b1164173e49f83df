import { fromBase64, inflate, toText } from '../bytes.ts'
import { type Decoded, type Json, parseJson } from '../decoded.ts'

/** `payload:time:signature`, or without the time. SHA-256 signs with 43 letters, the SHA-1 of old with 27. */
const DJANGO = /^(.+?)(?::([0-9A-Za-z]{5,7}))?:([\w-]{43}|[\w-]{27})$/s

/** `payload.time.signature` of itsdangerous: Flask, and in plain base64 Starlette. Without the time: `URLSafeSerializer`. */
const FLASK = /^(\.?[\w+/-]+={0,2})(?:\.([\w-]{5,8}))?\.([\w-]{27}|[\w-]{43})$/

/** The number of a user, and an HMAC of it by SHA-512. */
const FLASK_LOGIN = /^([^|]+)\|([0-9a-f]{128})$/

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** 2001 to 2100: what signs a time in this format signs one of these. */
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
  // Two parts of such lengths could be anything: then what is inside has to be data.
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

/** Base64 of JSON; a dot before it says that it is compressed. */
function contentOf(payload: string): Json | undefined {
  const bytes = payload.startsWith('.') ? inflate(fromBase64(payload.slice(1))) : fromBase64(payload)
  const text = toText(bytes)
  return text === null ? undefined : (parseJson(text) ?? text)
}
