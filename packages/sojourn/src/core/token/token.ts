import { fromBase64url, hmacSha256, randomBytes, sha256Text, toBase64url } from '#crypto'
import type { Head, PreviousSecret, SessionId, SessionRecord, Token, Tombstone } from '../contracts/record.ts'
import type { Refusal } from '../contracts/session.ts'
import type { Limits } from '../contracts/timeouts.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { toKeys } from './keys.ts'

/** 128 bits find the record and 192 bits open it (ASVS 5.0 7.2.3 requires 128 in total). */
const LOCATOR_BYTES = 16
export const SECRET_BYTES = 24
const BODY_BYTES = LOCATOR_BYTES + SECRET_BYTES
const MAC_BYTES = 8

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
  // The configured keys may be used elsewhere too, so the MAC keys are derived from them for this purpose only.
  const macKeys =
    keys === undefined ? [] : toKeys(keys, 'keys').map((key) => hmacSha256(key, toUtf8('sojourn token mac v1')))
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

/** HMAC-SHA-256 in base64url. */
export function macOf(key: Uint8Array, text: string): string {
  return toBase64url(hmacSha256(key, toUtf8(text)))
}

/** Tries every key, so that timing does not reveal which one matches. */
function isSigned(bytes: Uint8Array, keys: readonly Uint8Array[]): boolean {
  const body = bytes.subarray(0, BODY_BYTES)
  const given = toBase64url(bytes.subarray(BODY_BYTES))
  return keys.map((key) => equalText(toBase64url(mac(key, body)), given)).includes(true)
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

/** Many rotations within one grace must not inflate the record. */
export const MAX_PREVIOUS = 4

export function stillInFlight(head: Head, nowMs: number): readonly PreviousSecret[] {
  return (head.previous ?? []).filter(({ until }) => nowMs < until)
}

/** The part of a record that its limits depend on. */
export interface Lasting extends Pick<SessionRecord, 'createdAt' | 'lastSeenAt'> {
  readonly head: Pick<Head, 'authenticatedAt' | 'idleMs' | 'absoluteMs'>
}

/** When the session expires, ms since the epoch, under the current limits: a shortened limit applies at once. */
export function expiryOf(record: Lasting, limits: Limits): number {
  const { authenticatedAt = 0, idleMs = limits.idleMs, absoluteMs = limits.absoluteMs } = record.head
  const began = Math.max(record.createdAt, authenticatedAt)
  // A ceiling also applies to sessions that began before it was set.
  return Math.min(
    record.lastSeenAt + Math.min(idleMs, limits.mostIdleMs),
    began + Math.min(absoluteMs, limits.mostAbsoluteMs),
  )
}

/** Whether a store's answer is a session that has not expired. The store may still hold expired records. */
export function isLive(
  kept: SessionRecord | Tombstone | { readonly kind: 'damaged' } | null,
  nowMs: number,
  limits: Limits,
): kept is SessionRecord {
  return kept?.kind === 'live' && nowMs < expiryOf(kept, limits)
}

/**
 * Whether to write when the session was last seen. In a sealed session also when a grace is over: the data's key must not stay
 * readable with a token that no longer opens the session.
 */
export function isTouchDue({ head, lastSeenAt }: SessionRecord, nowMs: number, limits: Limits): boolean {
  const { idleMs = limits.idleMs, previous } = head
  const isReadable = previous?.some(({ sealedKey, until }) => sealedKey !== undefined && nowMs >= until) === true
  const age = nowMs - lastSeenAt
  // If the clock was set back that far, a store that deletes by its own clock would delete a session in use.
  const isAhead = -age >= idleMs / 2
  // A session with its own short idle limit is written more often.
  return isReadable || isAhead || age >= Math.min(limits.touchMs, idleMs / 2)
}

/** Whether the session began with a longer limit than the configured one. */
export function isRemembered({ absoluteMs = 0 }: Head, limits: Limits): boolean {
  return Math.min(absoluteMs, limits.mostAbsoluteMs) > limits.absoluteMs
}
