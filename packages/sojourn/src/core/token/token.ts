import { fromBase64url, hmacSha256, randomBytes, sha256Text, toBase64url } from '#crypto'
import { SessionError } from '../contracts/errors.ts'
import type { SessionId, Token } from '../contracts/record.ts'
import { toUtf8 } from '../lib/bytes.ts'

/** 128 bits find the record and 192 bits open it (ASVS 5.0 7.2.3 requires 128 in total). */
const LOCATOR_BYTES = 16
const SECRET_BYTES = 24
const BODY_BYTES = LOCATOR_BYTES + SECRET_BYTES
const MAC_BYTES = 8
const KEY_BYTES = 32

/** 40 bytes leave four spare bits in the last character. They must be zero. Otherwise one token would have sixteen spellings. */
const BARE = /^[\w-]{53}[AQgw]$/
const SIGNED = /^[\w-]{64}$/

/** The parts of a token. They exist during one request only. */
export interface TokenParts {
  readonly id: SessionId
  readonly locator: Uint8Array
  readonly secret: Uint8Array
}

export interface Tokens {
  /** A new locator and secret from the CSPRNG. */
  mint(): TokenParts
  /** Returns a token of the same session with another secret. Default: a random one. */
  successor(parts: TokenParts, secret?: Uint8Array): TokenParts
  toToken(parts: TokenParts): Token
  /** Accepts any text, and reads at most its first 65 characters. */
  parse(text: string): TokenParts | 'malformed' | 'forged'
}

/** With keys, tokens carry a MAC made with the first key, and each key is accepted, so that keys can be rotated. */
export function createTokens(keys?: readonly (string | Uint8Array)[]): Tokens {
  const macKeys = keys === undefined ? [] : toMacKeys(keys)
  const [newest] = macKeys
  const grammar = newest === undefined ? BARE : SIGNED

  return {
    mint() {
      const body = randomBytes(BODY_BYTES)
      return toParts(body)
    },
    successor(parts, secret = randomBytes(SECRET_BYTES)) {
      return { id: parts.id, locator: parts.locator, secret }
    },
    toToken({ locator, secret }) {
      const body = concat(locator, secret)
      return toBase64url(newest === undefined ? body : concat(body, mac(newest, body))) as Token
    },
    parse(text) {
      if (!grammar.test(text)) return 'malformed'
      const bytes = fromBase64url(text)
      if (newest !== undefined && !isSigned(bytes, macKeys)) return 'forged'
      return toParts(bytes)
    },
  }
}

/** Returns what the record keeps of a secret. */
export function hashSecret(secret: Uint8Array): string {
  return sha256Text(secret)
}

/** Whether a text can be a session id. Spares the store a read for other texts from a URL. */
export function isSessionId(text: string): text is SessionId {
  return /^[\w-]{21}[AQgw]$/.test(text)
}

function toParts(bytes: Uint8Array): TokenParts {
  const { buffer, byteOffset } = bytes
  // Not `subarray`: that of a `Buffer`, which node returns, makes another `Buffer`, and takes longer.
  const locator = new Uint8Array(buffer, byteOffset, LOCATOR_BYTES)
  const secret = new Uint8Array(buffer, byteOffset + LOCATOR_BYTES, SECRET_BYTES)
  return { id: toId(sha256Text(locator)), locator, secret }
}

/** base64url of the first 16 bytes, cut from that of all 32: the 22nd character keeps its first two bits. */
export function toId(digest: string): SessionId {
  const quarter = BASE64URL.indexOf(digest.charAt(21)) >> 4
  return (digest.slice(0, 21) + 'AQgw'.charAt(quarter)) as SessionId
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function mac(key: Uint8Array, body: Uint8Array): Uint8Array {
  return hmacSha256(key, body).subarray(0, MAC_BYTES)
}

/** Tries every key, so that timing does not reveal which one matches. */
function isSigned(bytes: Uint8Array, keys: readonly Uint8Array[]): boolean {
  const body = bytes.subarray(0, BODY_BYTES)
  const given = toBase64url(bytes.subarray(BODY_BYTES))
  return keys.map((key) => equalText(toBase64url(mac(key, body)), given)).includes(true)
}

/**
 * An empty list is refused instead of treated as "no keys": an empty environment variable produces one, and the MAC would be off.
 */
function toMacKeys(keys: readonly (string | Uint8Array)[]): Uint8Array[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new SessionError('ERR_OPTION', 'keys must be a list of secrets. Omit it for tokens without a MAC.')
  }
  return Array.from(keys, toMacKey)
}

/** The configured key may be used elsewhere too, so the MAC key is derived from it for this purpose only. */
function toMacKey(key: unknown, index: number): Uint8Array {
  const bytes = typeof key === 'string' ? toUtf8(key) : key
  if (bytes instanceof Uint8Array && bytes.length >= KEY_BYTES) {
    return hmacSha256(bytes, toUtf8('sojourn token mac v1'))
  }
  const isSet = bytes instanceof Uint8Array ? bytes.length > 0 : bytes !== undefined && bytes !== null
  const problem = isSet
    ? `must be a string or a Uint8Array of at least ${KEY_BYTES} bytes`
    : 'is not set: an environment variable may be missing'
  throw new SessionError('ERR_OPTION', `keys[${index}] ${problem}. Make one with: openssl rand -base64 32`)
}

/** Compares in constant time. The length is not secret (ASVS 5.0 11.2.4). */
export function equalText(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
