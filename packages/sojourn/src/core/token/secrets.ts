import { fromBase64url, hmacSha256, randomBytes, toBase64url } from '#crypto'
import type { Head, PreviousSecret, SessionRecord } from '../contracts/record.ts'
import type { Change } from '../contracts/store.ts'
import type { Limits } from '../contracts/timeouts.ts'
import { toUtf8 } from '../lib/bytes.ts'
import { defined } from '../lib/maybe.ts'
import { concat, hashSecret, MAX_PREVIOUS, SECRET_BYTES, stillInFlight } from './token.ts'

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
  const { renewDue: _, ...rest } = head
  return { ...rest, renewal: { nonce, next: hashSecret(successor), at: nowMs, ...defined({ sealedKey }) } }
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
  const { renewal, renewDue: _, sealedKey: __, ...rest } = head
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
