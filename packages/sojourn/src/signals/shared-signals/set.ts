import type { JsonValue } from '../../core/contracts/json.ts'
import { equalText } from '../../core/token/token.ts'
import { type Jose, loadJose } from '../../guards/_jose.ts'
import { isNotReadYet, verifyToken } from '../_issuer-keys.ts'
import { isObject, isSubject, type SubjectId } from './events.ts'
import type { Trusted } from './trusted.ts'

/** A Security Event Token (RFC 8417) whose signature is good, in the form that SSF 1.0 gives it: one event, no `sub`, no `exp`. */
export interface SecurityEvent {
  readonly issuer: string
  readonly jti: string
  /** When it was issued, ms since the epoch. */
  readonly issuedAt: number
  readonly txn: string | null
  /** The URI of the event's type. */
  readonly type: string
  readonly event: Readonly<Record<string, JsonValue | undefined>>
  readonly subject: SubjectId
}

/** The error codes of RFC 8935, section 2.4, and `invalid_state` of SSF 1.0. */
export type SetError =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'invalid_state'

/** What to tell whoever delivered an event. `later`: it must be sent again. */
export type SignalVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly err: SetError; readonly description: string }
  | { readonly kind: 'later'; readonly status: 429 | 503; readonly retryAfterSeconds: number }

/** `later`: the text may be good, so it must be sent again. `error`: why the keys cannot be read; `null`: its key may be new. */
export type SetVerdict =
  | { readonly kind: 'good'; readonly set: SecurityEvent }
  | { readonly kind: 'refused'; readonly err: SetError; readonly description: string; readonly issuer: string | null }
  | { readonly kind: 'later'; readonly issuer: string; readonly error: unknown }

/** What a receiver accepts. */
export interface SetRules {
  readonly trusted: ReadonlyMap<string, Trusted>
  readonly maxAgeMs: number
  readonly wall: () => number
}

/** RS256 is what the interoperability profile demands. `none` and every symmetric algorithm are refused. */
const ALGORITHMS = ['RS256', 'ES256']
/** How far ahead the clock of a transmitter may be. */
const AHEAD_MS = 300_000
const MAX_JTI = 512

/**
 * Checks a text that a client sent as a Security Event Token. No key is fetched unless the issuer is trusted. `authorization`: the
 * header of a push, `undefined` if the text did not come by push.
 */
export async function verifySet(
  text: string,
  authorization: string | null | undefined,
  rules: SetRules,
): Promise<SetVerdict> {
  const jose = await loadJose('sharedSignalsReceiver')
  const issuer = issuerOf(jose, text)
  const from = issuer === null ? undefined : rules.trusted.get(issuer)
  if (from === undefined) return refused('invalid_issuer', 'The issuer of this token is not trusted here.', null)
  const no = (err: SetError, description: string): SetVerdict => refused(err, description, from.issuer)
  if (
    from.pushAuthorization !== null &&
    authorization !== undefined &&
    !isSame(from.pushAuthorization, authorization)
  ) {
    return no('authentication_failed', 'The Authorization header is missing or wrong.')
  }
  let payload: Readonly<Record<string, unknown>>
  try {
    const verified = await verifyToken(jose, text, from.keys, {
      algorithms: ALGORITHMS,
      issuer: from.issuer,
      audience: [...from.audience],
      typ: 'secevent+jwt',
      currentDate: new Date(rules.wall()),
      clockTolerance: AHEAD_MS / 1000,
    })
    payload = verified.payload
  } catch (error) {
    if (isNotReadYet(error)) return { kind: 'later', issuer: from.issuer, error: null }
    const refusal = toRefusal(error)
    return refusal === null ? { kind: 'later', issuer: from.issuer, error } : no(...refusal)
  }
  return judge(payload, from.issuer, rules)
}

function refused(err: SetError, description: string, issuer: string | null): SetVerdict {
  return { kind: 'refused', err, description, issuer }
}

function isSame(wanted: string, given: string | null): boolean {
  return given !== null && equalText(wanted, given)
}

function issuerOf(jose: Jose, text: string): string | null {
  try {
    const { iss } = jose.decodeJwt(text)
    return typeof iss === 'string' ? iss : null
  } catch {
    return null
  }
}

/** Every other error means that the keys could not be read. The transmitter sends the event again then. */
const REFUSALS = /^ERR_(?:JWT_|JWS_|JOSE_ALG_NOT_ALLOWED$|JOSE_NOT_SUPPORTED$|JWKS_NO_MATCHING_KEY$)/

function toRefusal(error: unknown): [SetError, string] | null {
  const { code, claim } = (error ?? {}) as { readonly code?: unknown; readonly claim?: unknown }
  if (claim === 'aud') return ['invalid_audience', 'This token is for somebody else.']
  if (claim !== undefined || code === 'ERR_JWT_EXPIRED') {
    return ['invalid_request', 'The type or a claim of this token is wrong.']
  }
  // A key that is too short causes a `TypeError`.
  if (!(REFUSALS.test(String(code)) || error instanceof TypeError)) return null
  return ['invalid_key', 'The signature does not fit a key of the issuer, or its algorithm is not accepted.']
}

function judge(payload: Readonly<Record<string, unknown>>, issuer: string, rules: SetRules): SetVerdict {
  const no = (description: string): SetVerdict => refused('invalid_request', description, issuer)
  const { jti, iat, txn, sub_id, events } = payload
  // So that nobody can use one of these as an ID token, or an ID token as one of these (SSF 1.0).
  if ('sub' in payload || 'exp' in payload) return no('A security event token must not have sub or exp.')
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI) return no('jti is missing or too long.')
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return no('iat is missing.')
  const issuedAt = iat * 1000
  const now = rules.wall()
  if (issuedAt > now + AHEAD_MS || issuedAt < now - rules.maxAgeMs) return no('iat is in the future, or too old.')
  const [[type, event] = ['', null], ...more] = isObject(events) ? Object.entries(events) : []
  if (type === '' || !isObject(event) || more.length > 0) return no('events must have exactly one event.')
  if (!isSubject(sub_id)) return no('sub_id must be a subject identifier with a format.')
  const set = { issuer, jti, issuedAt, txn: typeof txn === 'string' ? txn : null, type, event, subject: sub_id }
  return { kind: 'good', set }
}
