import { fromBase64url, hmacSha256, randomBytes, sha256Text, toBase64url } from '#crypto'
import { SessionError } from '../contracts/errors.ts'
import type { Head, PreviousSecret, SessionId, SessionRecord, Token } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { Change } from '../contracts/store.ts'
import { expiryOf, type Limits } from '../contracts/timeouts.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { defined } from '../lib/maybe.ts'

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

/**
 * How a presented secret relates to a live record. The life of one secret:
 *
 *     successor ──► current ──► renewing ──► grace ──► reused
 *                      │            │          │         ▲
 *                      └────────────┴──────────┴──► superseded
 *
 * - `current`: the secret of the record. A new session begins with one.
 * - `renewing`: a request made its successor, and no client has presented that yet. Both are accepted.
 * - `successor`: the secret that a renewal made, presented for the first time. The same request makes it `current`, and the
 *   previous one is in its `grace`: still accepted, because requests with it may be on their way.
 * - `superseded`: `rotate` or `reauthenticated` replaced it. For as long as a grace it is refused without an alarm.
 * - `reused`: an old secret after that, or one that was never made here. It is refused with an alarm (`reuse.ts`).
 *
 * A session past its limits is `expired`, whatever the secret. If a secret is replaced while a request with it runs, the request
 * continues as `outdated` (`state.ts`): it may write data, but neither renew nor rotate.
 */
export type Standing = 'current' | 'renewing' | 'successor' | 'grace'
export type Verdict = Standing | Extract<Refusal, 'expired' | 'superseded' | 'reused'>

/** Judges the time limits and the secret of a live record. Pure. Compares hashes in constant time. */
export function judge(record: SessionRecord, secretHash: string, nowMs: number, limits: Limits): Verdict {
  if (nowMs >= expiryOf(record, limits)) return 'expired'
  const { secret, renewal } = record.head
  const isCurrent = equalText(secretHash, secret)
  const isNext = renewal !== undefined && equalText(secretHash, renewal.next)
  if (isCurrent) return renewal === undefined ? 'current' : 'renewing'
  if (isNext) return 'successor'
  const inFlight = stillInFlight(record.head, nowMs)
  const before = inFlight.find(({ hash }) => equalText(secretHash, hash))
  if (before !== undefined) return before.how === 'renewed' ? 'grace' : 'superseded'
  // So many secrets were replaced within one grace that some are not kept. This may be one of them, so it is no evidence of a
  // copy.
  if (inFlight.length >= MAX_PREVIOUS) return 'superseded'
  // The locator is right, but the secret is unknown: the client once held a real token of this session.
  return 'reused'
}

export function isStanding(verdict: Verdict): verdict is Standing {
  return verdict === 'current' || verdict === 'renewing' || verdict === 'successor' || verdict === 'grace'
}

/**
 * Derives the renewed secret from the old one by HKDF-SHA-256 (RFC 5869), so that all requests with the old one derive the same.
 */
export function deriveSuccessor(secret: Uint8Array, nonce: string): Uint8Array {
  const extracted = hmacSha256(fromBase64url(nonce), secret)
  return hmacSha256(extracted, concat(toUtf8('sojourn renewal v1'), Uint8Array.of(1))).subarray(0, SECRET_BYTES)
}

export function createNonce(): string {
  return toBase64url(randomBytes(16))
}

/** Renewal begins: both secrets are valid until the successor is presented. */
export function toRenewing(head: Head, nonce: string, successor: Uint8Array, nowMs: number, sealedKey?: string): Head {
  return { ...head, renewal: { nonce, next: hashSecret(successor), at: nowMs, ...defined({ sealedKey }) } }
}

/**
 * The successor was presented: it is the secret now, and the nonce that led to it is deleted. So is the record of an old token's
 * use.
 */
export function toRenewed(head: Head, nowMs: number, limits: Limits): Head {
  const { renewal, reusedAt: _, ...rest } = head
  if (renewal === undefined) return head
  const old: PreviousSecret = {
    hash: head.secret,
    until: nowMs + limits.graceMs,
    how: 'renewed',
    ...defined({ sealedKey: head.sealedKey }),
  }
  return {
    ...rest,
    secret: renewal.next,
    secretAt: nowMs,
    previous: [old, ...stillInFlight(head, nowMs)].slice(0, MAX_PREVIOUS),
    ...defined({ sealedKey: renewal.sealedKey }),
  }
}

/**
 * Privilege changed: a random secret replaces the old one immediately. It cannot be derived from an older one, and no older one
 * opens the session.
 */
export function toRotated(head: Head, secret: Uint8Array, nowMs: number, limits: Limits, sealedKey?: string): Head {
  const { renewal, sealedKey: _, ...rest } = head
  const until = nowMs + limits.graceMs
  const stopped = [
    head.secret,
    ...(renewal ? [renewal.next] : []),
    ...stillInFlight(head, nowMs).map(({ hash }) => hash),
  ]
  return {
    ...rest,
    secret: hashSecret(secret),
    secretAt: nowMs,
    previous: stopped.slice(0, MAX_PREVIOUS).map((hash) => ({ hash, until, how: 'rotated' })),
    ...defined({ sealedKey }),
  }
}

/**
 * Returns the head without secrets whose grace is over, or the same head. This also deletes the key with which a sealed session's
 * old token could decrypt copies of the store.
 */
export function withoutStale(head: Head, nowMs: number): Head {
  if (head.previous === undefined) return head
  const previous = stillInFlight(head, nowMs)
  if (previous.length === head.previous.length) return head
  const { previous: _, ...rest } = head
  return previous.length === 0 ? rest : { ...rest, previous }
}

/** Returns when the secrets of this head last changed. A failover after that may have lost an earlier write. */
export function changedAt({ secretAt, renewal, reusedAt = 0 }: Head): number {
  return Math.max(secretAt, renewal?.at ?? 0, reusedAt)
}

/** The maximum of a 32-bit database column. */
const MAX_VERSION = 2 ** 31 - 1
/** The widest step is this fraction of the remaining range: enough for hundreds of thousands of heads. */
const STEPS = 2 ** 14

/**
 * Returns what a store needs to replace the head. The version rises by a random step. With consecutive numbers, a head that a
 * failover lost and one that was written after it could have the same version, and a change made from the first would replace the
 * second.
 */
export function toHeadChange({ version }: SessionRecord, head: Head): HeadChange {
  const [a = 0, b = 0, c = 0] = randomBytes(3)
  const step = 1 + (((a << 16) | (b << 8) | c) % Math.max(1, Math.floor((MAX_VERSION - version) / STEPS)))
  return { version, nextVersion: version + step, head }
}

export type HeadChange = Required<Pick<Change, 'version' | 'nextVersion' | 'head'>>

/** Many rotations within one grace must not inflate the record. */
const MAX_PREVIOUS = 4

function stillInFlight(head: Head, nowMs: number): readonly PreviousSecret[] {
  return (head.previous ?? []).filter(({ until }) => nowMs < until)
}
