/** The session's public handle: safe to list, to log and to revoke by. Knowing it gives no access. */
export type SessionId = string & { readonly __brand: 'SessionId' }

/** The secret string that the client holds. Never stored, never logged, never in an error. */
export type Token = string & { readonly __brand: 'Token' }

/** Why a session ended. Applications may pass their own words to `revoke`. */
export type EndReason =
  | 'logout'
  | 'login'
  | 'revoked'
  | 'reused'
  | 'invalid'
  | 'erased'
  | (string & Record<never, never>)

/** What a user sees of a session in a list of devices. Short on purpose: personal data has to earn its place. */
export interface Device {
  /** For people: `Firefox on Linux`, or what the application passed to `login`. */
  readonly name: string | null
  /** The network the session began from; shortened to /24 or /48 unless configured otherwise. */
  readonly ip: string | null
}

/**
 * A secret that was replaced, for as long as requests with it may still be on their way. After `until` it is forgotten,
 * and whoever presents it then may have kept a copy.
 */
export interface PreviousSecret {
  readonly hash: string
  readonly until: number
  /** `renewed`: still honoured. `rotated`: refused, but without an alarm. */
  readonly how: 'renewed' | 'rotated'
  readonly sealedKey?: string
}

/** A renewal that has begun: `next` becomes the secret when the client first presents it. */
export interface Renewal {
  /** base64url, 16 bytes. With the old secret it gives the successor; erased once the successor was seen. */
  readonly nonce: string
  /** base64url SHA-256 of the successor. */
  readonly next: string
  /** When it began, ms since the epoch. */
  readonly at?: number
  readonly sealedKey?: string
}

/**
 * What core knows of a session beside its data. Stores keep it whole and never look inside;
 * it is JSON, and replaced as one.
 */
export interface Head {
  /** base64url SHA-256 of the current secret. */
  readonly secret: string
  /** When the current secret was made, ms since the epoch: renewal is due from here. */
  readonly secretAt: number
  /** Newest first, a handful at most. */
  readonly previous?: readonly PreviousSecret[]
  readonly renewal?: Renewal
  /** When an old secret was last presented after its grace; gone when a renewal is confirmed. Ms since the epoch. */
  readonly reusedAt?: number
  /** When the user last proved who they are, ms since the epoch. */
  readonly authenticatedAt?: number
  /** How: RFC 8176 `amr` values such as `pwd`, `otp`, `hwk`. */
  readonly methods?: readonly string[]
  /** How sure: the application's own level, such as `aal2`. */
  readonly assurance?: string
  readonly device?: Device
  /** Limits of this session alone, set at login, ms; absent: the configured ones rule. */
  readonly idleMs?: number
  readonly absoluteMs?: number
  /** Sealed sessions only: the data's key, encrypted under a key from the secret. */
  readonly sealedKey?: string
}

/**
 * What a store keeps for one live session. Immutable: a write makes a new one.
 * Only hashes are in it, so that a stolen copy opens no session (ASVS 5.0 14.2, 16.2.5).
 */
export interface SessionRecord {
  readonly kind: 'live'
  readonly id: SessionId
  /** Fixed for the record's life: another user means another record. `null`: anonymous. */
  readonly userId: string | null
  /**
   * Rises with each change of `head`, never with data, by a random step: after a failover that lost a write, two heads never have one
   * number. From 0 to 2^31 - 1.
   */
  readonly version: number
  readonly createdAt: number
  readonly lastSeenAt: number
  /** The earlier of both limits, ms since the epoch. From then on the store may delete; core refuses. */
  readonly expiresAt: number
  readonly head: Head
  /** Stored key to JSON text (or sealed text). Each key is written on its own. */
  readonly data: Readonly<Record<string, string>>
}

/**
 * A stored session that this version cannot read: changed by other software, or written by a later version. It opens nothing
 * here; a later version may still open it, so it has to be ended as any other.
 */
export interface DamagedRecord {
  readonly kind: 'damaged'
  readonly id: SessionId
}

/** What is left of an ended session until it would have expired: nothing can write it back, and later use is seen. */
export interface Tombstone {
  readonly kind: 'ended'
  readonly id: SessionId
  readonly reason: EndReason
  readonly endedAt: number
  /** Until when to keep it. */
  readonly expiresAt: number
}
