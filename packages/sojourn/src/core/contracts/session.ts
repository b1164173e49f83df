import type { RequestView } from './carrier.ts'
import type { Duration } from './duration.ts'
import type { JsonValue } from './json.ts'
import type { Device, SessionId } from './record.ts'

/** Data without a schema is what `JSON.parse` gives: unchecked, and typed so. */
// biome-ignore lint/suspicious/noExplicitAny: frameworks' global request types cannot know the application's data; see docs/decisions
export type UntypedData = Record<string, any>

/** Why the presented token was not honoured. */
export type Refusal =
  /** Not a token of ours by its form. */
  | 'malformed'
  /** The right form, but not signed with any of the configured keys. */
  | 'forged'
  /** No record: never issued here, or expired and swept. */
  | 'unknown'
  /** Past its idle or absolute limit. */
  | 'expired'
  /** Logged out, revoked, or replaced by a login. */
  | 'ended'
  /** Replaced moments ago by a rotation; this request was already on its way. */
  | 'superseded'
  /** An old token of a renewed session: somebody kept a copy. An alarm. */
  | 'reused'
  /** Two live tokens under one name: a sibling domain may have planted one, so neither counts. */
  | 'ambiguous'
  /** The stored data no longer fits the schema and `invalidData` is `'end'`. */
  | 'invalid'

/** One of the user's sessions, as `devices()` and `sessions.list()` show it. */
export interface SessionInfo {
  /** For `revokeDevice` and `sessions.revoke`. */
  readonly id: SessionId
  readonly createdAt: Date
  /** Exact to `timeouts.touch`. */
  readonly lastSeenAt: Date
  /** The earlier of both limits. */
  readonly expiresAt: Date
  readonly authenticatedAt: Date | null
  readonly device: Device | null
  /** Whether it was begun with *remember me*: a longer absolute limit than the configured one. */
  readonly remembered: boolean
  /** `true` on the session that asked; left out by `sessions.list`, which nobody's session asks. */
  readonly current?: boolean
}

/** What was proved, beside "it is this user". */
export interface ProofOptions {
  /** RFC 8176 `amr` values: `['pwd', 'otp']`. */
  readonly methods?: readonly string[] | undefined
  /** The application's own level: `'aal2'`. */
  readonly assurance?: string | undefined
}

/** For `login`, about this session alone. Times as in `timeouts`; `ERR_OPTION` for one that is none. */
export interface LoginOptions extends ProofOptions {
  /** Overrides what the request tells about the device. */
  readonly device?: Partial<Device> | undefined
  /**
   * Absolute limit of this session alone. Longer than the configured one means *remember me*: the cookie
   * then survives the browser's end, and the idle limit becomes the same unless `idle` says otherwise.
   */
  readonly absolute?: Duration | undefined
  /** Idle limit of this session alone. */
  readonly idle?: Duration | undefined
  /**
   * Which data comes along from the session before login: `true` (default) all, `false` none, or these keys.
   * Another user's data never does.
   */
  readonly carry?: boolean | readonly string[] | undefined
}

/** For `logout`. */
export interface LogoutOptions {
  /** Ends the user's other sessions too: *log out everywhere*. */
  readonly everywhere?: boolean | undefined
  /** Adds `Clear-Site-Data` with these directives (W3C). `'cookies'` clears the whole registrable domain. */
  readonly clearSiteData?: readonly ('cache' | 'cookies' | 'storage')[] | undefined
}

/** Values that live for one read: the message after a redirect. */
export interface Flash {
  /** Replaces what waits under this key. `ERR_DATA_NOT_JSON` with the path. */
  set(key: string, value: JsonValue): void
  /** The value, removed by reading it; `undefined` when there is none. */
  take<Value extends JsonValue = JsonValue>(key: string): Value | undefined
}

/** What a request handler holds. */
export interface Session<Data extends object = UntypedData> {
  /** Public handle. A session that nothing was written to has one too, but no record under it. */
  readonly id: SessionId
  /** `null`: anonymous. */
  readonly userId: string | null
  /** Nothing was honoured on this request: there is no record yet, and none until something is written. */
  readonly isNew: boolean
  readonly createdAt: Date
  /** When the user last proved who they are; `null`: anonymous. */
  readonly authenticatedAt: Date | null
  /** How: RFC 8176 `amr` values. `[]`: anonymous, or not told at login. */
  readonly methods: readonly string[]
  /** The application's own level, `null` when it gave none. */
  readonly assurance: string | null
  /** Exact to `timeouts.touch`. */
  readonly lastSeenAt: Date
  /** The earlier of both limits. */
  readonly expiresAt: Date
  /** As the device list shows it. */
  readonly device: Device | null
  /** Why the presented token was not honoured; `null`: it was, or there was none. */
  readonly refused: Refusal | null

  /** Plain, typed, editable. Edits, nested ones too, are written once, key by key, when the response begins. */
  data: Data
  /** Values that live for one read. */
  readonly flash: Flash

  /**
   * Serialisable read-modify-write of one key; resolves with the new value when it is stored. `fn` may run more than once.
   * Returning `undefined` removes the key. Throws `ERR_SESSION_ENDED`, `ERR_CONTENTION`, `ERR_DATA_NOT_JSON`.
   */
  update<K extends keyof Data & string>(key: K, fn: (value: Data[K]) => Data[K] | Promise<Data[K]>): Promise<Data[K]>

  /**
   * Reads the session again, for handlers that waited: for a body, for another service. If it was revoked, has expired or
   * got another token meanwhile, the request goes on without it: `userId` is `null` and `refused` says why. Data that was
   * not edited is read anew. Throws `ERR_STORE`.
   */
  recheck(): Promise<void>

  /** Begins an authenticated session under a fresh token and ends the one before (ASVS 5.0 7.2.4). */
  login(userId: string, options?: LoginOptions): Promise<void>
  /**
   * Ends this session everywhere. Safe to call on an anonymous or ended one. `ERR_TOO_MANY_TOKENS`, and nothing is ended, when the
   * client sent more tokens than are looked at.
   */
  logout(options?: LogoutOptions): Promise<void>
  /** A new token now; the old one stops at once. Nothing happens on a session without a record. */
  rotate(): Promise<void>
  /** Whether the user proved who they are within this time. */
  authenticatedWithin(duration: Duration): boolean
  /** Records a fresh proof: new token, both clocks restart. `ERR_NOT_AUTHENTICATED` on an anonymous session. */
  reauthenticated(options?: ProofOptions): Promise<void>

  /** This user's live sessions, the current one marked, most recently seen first; `[]` when anonymous. */
  devices(): Promise<SessionInfo[]>
  /** Ends one session of this user; `false` when there is no such session, or it is not theirs. */
  revokeDevice(id: string): Promise<boolean>
  /** Ends all sessions of this user but this one; answers how many. */
  revokeOthers(): Promise<number>
}

/** Describes the client for the device list. `null` keeps nothing. */
export type DescribeDevice = (view: RequestView) => Device | null
