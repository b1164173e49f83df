import type { Duration } from './duration.ts'
import type { JsonValue } from './json.ts'
import type { Device, SessionId } from './record.ts'
import type { RequestData } from './session-data.ts'

/** Why the presented token was refused. */
export type Refusal =
  /** The text does not have the form of our tokens. The store was not read. */
  | 'malformed'
  /** The form is right, but none of the configured keys signed it. The store was not read. */
  | 'forged'
  /** There is no record: the token was never issued here, or the session expired and was swept. */
  | 'unknown'
  /** The session is past its idle or absolute limit. */
  | 'expired'
  /** The session was logged out, revoked, or replaced by a login. */
  | 'ended'
  /** A rotation replaced the token moments ago. This request was already in flight. */
  | 'superseded'
  /** Alarm: an old token of a renewed session, so somebody kept a copy. */
  | 'reused'
  /** Two live tokens under one name. A sibling domain may have planted one, so neither is accepted. */
  | 'ambiguous'
  /** The stored data no longer fits the schema and `invalidData` is `'end'`. */
  | 'invalid'
  /** A guard did not let this request use the session. Others may. */
  | 'withheld'

/** One of the user's sessions, as `devices()` and `sessions.list()` show it. */
export interface SessionInfo {
  /** Argument for `revokeDevice` and `sessions.revoke`. */
  readonly id: SessionId
  readonly createdAt: Date
  /** Accurate to `timeouts.touch`. */
  readonly lastSeenAt: Date
  /** The earlier of both limits. */
  readonly expiresAt: Date
  readonly authenticatedAt: Date | null
  readonly device: Device | null
  /** Whether the login used *remember me*: an absolute limit longer than the configured one. */
  readonly remembered: boolean
  /** `true` for the session of the request. Only in `session.devices()`; `sessions.list` omits it. */
  readonly current?: boolean
}

/** How the user proved their identity. */
export interface ProofOptions {
  /** RFC 8176 `amr` values: `['pwd', 'otp']`. Default: none. */
  readonly methods?: readonly string[] | undefined
  /** The application's own level: `'aal2'`. Default: none. */
  readonly assurance?: string | undefined
}

/** Options of `login`, for this session only. Times as in `timeouts`; an invalid one throws `ERR_OPTION`. */
export interface LoginOptions extends ProofOptions {
  /** Overrides `name` or `ip` in the device list. Default: from the request. */
  readonly device?: Partial<Device> | undefined
  /**
   * Absolute limit of this session only. A limit longer than the configured one means *remember me*: the cookie persists
   * after the browser is closed, and the idle limit becomes the same unless `idle` is set.
   */
  readonly absolute?: Duration | undefined
  /** Idle limit of this session only. */
  readonly idle?: Duration | undefined
  /**
   * Which data to keep from the session before the login: all (`true`, default), none (`false`), or these keys.
   * Another user's data is never kept.
   */
  readonly carry?: boolean | readonly string[] | undefined
}

/** Options of `logout`. */
export interface LogoutOptions {
  /** Also ends the user's other sessions: *log out everywhere*. Default `false`. */
  readonly everywhere?: boolean | undefined
  /** Adds `Clear-Site-Data` with these directives (W3C). `'cookies'` clears the whole registrable domain. Default: none. */
  readonly clearSiteData?: readonly ('cache' | 'cookies' | 'storage')[] | undefined
}

/** Values that can be read once, such as the message after a redirect. */
export interface Flash {
  /** Replaces the value under this key. Throws `ERR_DATA_NOT_JSON` with the path. */
  set(key: string, value: JsonValue): void
  /** Returns the value and removes it; `undefined` if there is none. */
  take<Value extends JsonValue = JsonValue>(key: string): Value | undefined
}

/** The session of a request, for its handler. */
export interface Session<Data extends object = RequestData> {
  /** Public handle: safe to list, log and revoke by. It exists before anything is stored. */
  readonly id: SessionId
  /** `null`: anonymous. */
  readonly userId: string | null
  /** No token was accepted on this request. There is no record until something is written. */
  readonly isNew: boolean
  readonly createdAt: Date
  /** When the user last proved their identity; `null`: anonymous. */
  readonly authenticatedAt: Date | null
  /** How the user proved it: RFC 8176 `amr` values. `[]`: anonymous, or not given at login. */
  readonly methods: readonly string[]
  /** The application's own level; `null` if it gave none. */
  readonly assurance: string | null
  /** Accurate to `timeouts.touch`. */
  readonly lastSeenAt: Date
  /** The earlier of both limits. */
  readonly expiresAt: Date
  /** The client, as the device list shows it. */
  readonly device: Device | null
  /** Why the presented token was refused; `null` if it was accepted, or there was none. */
  readonly refused: Refusal | null

  /** Plain, typed, editable. Edits, nested ones too, are stored once, key by key, when the response begins. */
  data: Data
  /** Values that can be read once. */
  readonly flash: Flash

  /**
   * Serializable read-modify-write of one key. Resolves with the new value once it is stored. `fn` may run more than once;
   * if it returns `undefined`, the key is removed. Throws `ERR_SESSION_ENDED`, `ERR_CONTENTION`, `ERR_DATA_NOT_JSON`.
   */
  update<K extends keyof Data & string>(key: K, fn: (value: Data[K]) => Data[K] | Promise<Data[K]>): Promise<Data[K]>

  /**
   * Stores the edits now, in one write, and continues: for a long request or an open socket. Without edits it does nothing.
   * Resolves once they are stored; later edits are stored by the next `save` or with the response. Begins a session if there
   * is none. Throws `ERR_SESSION_ENDED` if the session has ended, was logged out elsewhere or has expired, and for a new
   * session `ERR_HEADERS_SENT` or `ERR_NO_HEADERS`; also `ERR_DATA_INVALID`, `ERR_DATA_NOT_JSON`, `ERR_CONTENTION`.
   *
   * ```ts
   * for (const row of rows) {
   *   await importRow(row)
   *   session.data.imported = row.id
   *   await session.save()
   * }
   * ```
   */
  save(): Promise<void>

  /**
   * Reads the session again, for a handler that waited for a body, a message or another service. If the session was revoked,
   * has expired or got another token meanwhile, the request continues without it: `userId` is `null`, and `refused` contains
   * the reason. Otherwise `data` is what is stored now. With unsaved edits, all data stays as it is, because an edit was made
   * from the data that the handler saw: call `save` first. Throws `ERR_STORE`.
   *
   * ```ts
   * const body = await readBody(req)
   * await session.reload()
   * if (session.userId === null) return res.status(401).end()
   * ```
   */
  reload(): Promise<void>

  /**
   * Begins an authenticated session under a fresh token and ends the previous one (ASVS 5.0 7.2.4). Throws `ERR_OPTION` for
   * an empty `userId`, `ERR_HEADERS_SENT` if the response has begun, `ERR_NO_HEADERS` on an open socket, and `ERR_SESSION_ENDED`.
   */
  login(userId: string, options?: LoginOptions): Promise<void>
  /**
   * Ends this session everywhere, and every other session that the client presents on any carrier. Safe on an anonymous or
   * ended one. On an open socket, the client keeps a token that opens nothing, and `clearSiteData` throws `ERR_NO_HEADERS`. If
   * the client sent more tokens than are read and this request did not log in, it throws `ERR_TOO_MANY_TOKENS` and ends nothing.
   */
  logout(options?: LogoutOptions): Promise<void>
  /** Replaces the token now. The old one stops working at once. Does nothing on a session without a record. */
  rotate(): Promise<void>
  /** Whether the user proved their identity within this time. A proof that is further than this in the future does not count. */
  authenticatedWithin(duration: Duration): boolean
  /** Records a fresh proof: replaces the token and restarts both limits. Throws `ERR_NOT_AUTHENTICATED` on an anonymous session. */
  reauthenticated(options?: ProofOptions): Promise<void>

  /** Returns this user's live sessions, most recently seen first, the current one marked; `[]` if anonymous. */
  devices(): Promise<SessionInfo[]>
  /** Ends one session of this user. Resolves with `false` if there is no such session, or it is another user's. */
  revokeDevice(id: string): Promise<boolean>
  /** Ends all sessions of this user except this one. Resolves with the count. */
  revokeOthers(): Promise<number>
}
