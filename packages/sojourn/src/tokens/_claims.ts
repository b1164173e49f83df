import type { JsonValue } from '../core/contracts/json.ts'

/** What an access token says. */
export interface AccessToken {
  /** Its `jti`. */
  readonly id: string
  readonly issuer: string
  readonly userId: string
  /** The session that it belongs to (`sid`); `null` if its issuer has none. */
  readonly sessionId: string | null
  /** To whom it was issued (`client_id`). */
  readonly clientId: string
  /** The services that it is for. */
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** When the user proved who they are (`auth_time`); `null` if it does not say. */
  readonly authenticatedAt: Date | null
  /** How the user proved it (`amr`). */
  readonly methods: readonly string[]
  /** The level of the proof (`acr`). */
  readonly assurance: string | null
  /** The key that its sender must hold (`cnf`). `verify` has checked it. */
  readonly confirmation: Readonly<Record<string, string>> | null
  /** All claims. They are shared by the calls of `verify`, and frozen. */
  readonly claims: Readonly<Record<string, JsonValue | undefined>>
}

/** The claims of an access token whose form was checked (RFC 9068, 2.2). */
export interface AccessClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly client_id: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly sid?: string
  readonly scope?: string
  readonly auth_time?: number
  readonly amr?: readonly string[]
  readonly acr?: string
  readonly cnf?: Readonly<Record<string, string>>
}

const MAX_TEXT = 512

/** `null` if a claim is missing, or is not of its type. */
export function toClaims(payload: Readonly<Record<string, unknown>>): AccessClaims | null {
  const { sub, aud, client_id, exp, iat, jti, sid, scope, auth_time, amr, acr, cnf } = payload
  const isGood =
    [sub, client_id, jti].every(isText) &&
    (isText(aud) || (isTexts(aud) && aud.length > 0)) &&
    [exp, iat].every(isTime) &&
    [sid, acr].every((each) => each === undefined || isText(each)) &&
    (scope === undefined || typeof scope === 'string') &&
    (auth_time === undefined || isTime(auth_time)) &&
    (amr === undefined || isTexts(amr)) &&
    (cnf === undefined || isConfirmation(cnf))
  return isGood ? (payload as unknown as AccessClaims) : null
}

export function toAccessToken(claims: AccessClaims): AccessToken {
  const { iss, sub, aud, client_id, exp, iat, jti, sid, scope, auth_time, amr, acr, cnf } = claims
  return {
    id: jti,
    issuer: iss,
    userId: sub,
    sessionId: sid ?? null,
    clientId: client_id,
    audience: typeof aud === 'string' ? [aud] : aud,
    scopes: toScopes(scope),
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
    authenticatedAt: auth_time === undefined ? null : new Date(auth_time * 1000),
    methods: amr ?? [],
    assurance: acr ?? null,
    confirmation: cnf ?? null,
    claims: claims as unknown as AccessToken['claims'],
  }
}

export function toScopes(scope: string | undefined): readonly string[] {
  return scope === undefined ? [] : scope.split(' ').filter((each) => each !== '')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < MAX_SECONDS
}

/** The last time that a `Date` holds. */
const MAX_SECONDS = 8.64e12

function isConfirmation(value: unknown): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.keys(value).length > 0 && Object.values(value).every(isText)
}
