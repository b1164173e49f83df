/** The session's public handle: safe to list, to log and to revoke by. Knowing it gives no access. */
export type SessionId = string & { readonly __brand: 'SessionId' }

/** The secret string that the client holds. Never stored, never logged, never in an error. */
export type Token = string & { readonly __brand: 'Token' }

/** What happened to a user's account. Also the reason for which it ended sessions. */
export type AccountChange =
  | 'password-changed'
  | 'factor-changed'
  | 'email-changed'
  | 'role-changed'
  | 'account-disabled'
  | 'account-deleted'

/** The reason why a session ended. Applications may pass their own words to `revoke`. */
export type EndReason =
  | AccountChange
  | 'logout'
  | 'login'
  | 'revoked'
  | 'reused'
  | 'invalid'
  | 'erased'
  | (string & Record<never, never>)

/** A session's client in a list of devices. It is short, to store little personal data. */
export interface Device {
  /** Readable name: `Firefox on Linux`, or the name that the application passed to `login`. */
  readonly name: string | null
  /** The network from which the session began, shortened to /24 or /48 unless configured otherwise. */
  readonly ip: string | null
}

/**
 * A replaced secret, kept while requests with it may still be in flight. After `until` (ms since the epoch) it is removed.
 * A client that presents it later may have kept a copy.
 */
export interface PreviousSecret {
  readonly hash: string
  readonly until: number
  /** `renewed`: still accepted. `rotated`: refused without an alarm. */
  readonly how: 'renewed' | 'rotated'
  readonly sealedKey?: string
}

/** A renewal in progress. `next` becomes the current secret when the client first presents it. */
export interface Renewal {
  /** base64url, 16 bytes. The successor is derived from it and the old secret. Erased when the successor is first presented. */
  readonly nonce: string
  /** base64url SHA-256 of the successor. */
  readonly next: string
  /** When the renewal began, ms since the epoch. */
  readonly at?: number
  readonly sealedKey?: string
}

/**
 * Core's part of a record, beside the data. Stores keep it whole and never look inside. It is JSON, and it is replaced as
 * one value.
 */
export interface Head {
  /** base64url SHA-256 of the current secret. */
  readonly secret: string
  /** When the current secret was made, ms since the epoch. The age for the renewal counts from this time. */
  readonly secretAt: number
  /** Replaced secrets, newest first, a handful at most. */
  readonly previous?: readonly PreviousSecret[]
  readonly renewal?: Renewal
  /** Whether the next request renews the token, whatever its age. */
  readonly renewDue?: boolean
  /** When an old secret was last presented after its grace, ms since the epoch. Removed when a renewal is confirmed. */
  readonly reusedAt?: number
  /** When the user last proved their identity, ms since the epoch. */
  readonly authenticatedAt?: number
  /** How the user proved it: RFC 8176 `amr` values such as `pwd`, `otp`, `hwk`. */
  readonly methods?: readonly string[]
  /** The application's own level of assurance, such as `aal2`. */
  readonly assurance?: string
  /** When a guard stopped trusting this proof, ms since the epoch. A new proof removes it. */
  readonly distrustedAt?: number
  readonly device?: Device
  /** Limits of this session only, set at login, in ms. If absent, the configured limits apply. */
  readonly idleMs?: number
  readonly absoluteMs?: number
  /** The era in which the session began: when `endAll` had last been called. Absent: never. */
  readonly era?: number
  /** Only for sealed sessions: the data's key, encrypted under a key that is derived from the secret. */
  readonly sealedKey?: string
}

/**
 * One live session in a store. Times are ms since the epoch. A record is immutable: a write makes a new one. It contains
 * only hashes of secrets, so a stolen copy opens no session (ASVS 5.0 14.2, 16.2.5).
 */
export interface SessionRecord {
  readonly kind: 'live'
  readonly id: SessionId
  /** Never changes: another user gets another record. `null`: anonymous. */
  readonly userId: string | null
  /**
   * Rises by a random step with each change of `head`, but not of data, so that two heads never have the same number after a
   * failover that lost a write. From 0 to 2^31 - 1.
   */
  readonly version: number
  readonly createdAt: number
  readonly lastSeenAt: number
  /** The earlier of both limits. From this time, the store may delete the record, and core refuses it. */
  readonly expiresAt: number
  readonly head: Head
  /** Maps each stored key to its JSON text (or sealed text). Each key is written separately. */
  readonly data: Readonly<Record<string, string>>
}

/**
 * A stored session that this version cannot read, because other software changed it or a later version wrote it. It opens
 * nothing in this version. A later version may still open it, so it must be possible to end it.
 */
export interface DamagedRecord {
  readonly kind: 'damaged'
  readonly id: SessionId
}

/** Replaces an ended session until it would have expired: no write can restore the session, and a later use is detected. */
export interface Tombstone {
  readonly kind: 'ended'
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  /** The store keeps the tombstone until this time, ms since the epoch. */
  readonly expiresAt: number
}
