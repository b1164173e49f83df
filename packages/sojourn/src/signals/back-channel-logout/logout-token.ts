import { type Jose, loadJose } from '../../guards/_jose.ts'
import { verifyToken } from '../_issuer-keys.ts'
import type { Provider } from './provider.ts'
import type { ProviderLogout } from './provider-logins.ts'

/** Why a logout token was refused. */
export type TokenRefusal =
  /** It is no signed JWT. */
  | 'malformed'
  /** It names an issuer that is not among `providers`. */
  | 'issuer'
  /** Its `typ` is not `logout+jwt`. */
  | 'type'
  /** Its `alg` is not among the provider's. */
  | 'algorithm'
  /** No key of the provider made this signature. */
  | 'signature'
  /** It is for another client. */
  | 'audience'
  /** It has expired, is older than `maxAge`, comes from the future, or lacks `iat` or `exp`. */
  | 'time'
  /** It lacks the event of a logout. */
  | 'event'
  /** It has a `nonce`, so it is an ID token. */
  | 'nonce'
  /** It lacks `jti`, or has neither `sub` nor `sid`. */
  | 'claims'

export interface LogoutToken extends ProviderLogout {
  readonly jti: string
  /** When it can no longer be used, ms since the epoch. */
  readonly until: number
}

export type TokenVerdict =
  | { readonly token: LogoutToken }
  | { readonly refusal: TokenRefusal; readonly issuer: string | null }

export interface TokenTimes {
  readonly now: number
  readonly maxAgeMs: number
  readonly toleranceMs: number
}

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Rejects if the provider's keys cannot be read.
 */
export async function verifyLogoutToken(
  text: string,
  providers: readonly Provider[],
  times: TokenTimes,
): Promise<TokenVerdict> {
  const jose = await loadJose('backChannelLogout')
  const issuer = issuerOf(jose, text)
  if (issuer === null) return { refusal: 'malformed', issuer }
  const provider = providers.find((one) => one.issuer === issuer)
  if (provider === undefined) return { refusal: 'issuer', issuer: null }
  const claims = await claimsOf(jose, text, provider, times)
  const verdict = typeof claims === 'string' ? claims : judge(claims, issuer, times)
  return typeof verdict === 'string' ? { refusal: verdict, issuer } : { token: verdict }
}

type Claims = Awaited<ReturnType<Jose['jwtVerify']>>['payload']

function issuerOf(jose: Jose, text: string): string | null {
  try {
    const { iss } = jose.decodeJwt(text)
    return typeof iss === 'string' ? iss : null
  } catch {
    return null
  }
}

async function claimsOf(
  jose: Jose,
  text: string,
  provider: Provider,
  { now, maxAgeMs, toleranceMs }: TokenTimes,
): Promise<Claims | TokenRefusal> {
  const { algorithms, clientIds, issuer, insecureAnyType, insecureNoExpiry } = provider
  const options = {
    algorithms: [...algorithms],
    issuer,
    audience: [...clientIds],
    requiredClaims: insecureNoExpiry ? ['iat'] : ['iat', 'exp'],
    maxTokenAge: maxAgeMs / 1000,
    clockTolerance: toleranceMs / 1000,
    currentDate: new Date(now),
    ...(!insecureAnyType && { typ: 'logout+jwt' }),
  }
  try {
    if (insecureAnyType && !isOldType(jose, text)) return 'type'
    return (await verifyToken(jose, text, provider.keys, options)).payload
  } catch (error) {
    return toRefusal(error)
  }
}

/** The types that a logout token had before it got one of its own. */
function isOldType(jose: Jose, text: string): boolean {
  const { typ } = jose.decodeProtectedHeader(text)
  return typ === undefined || /^(?:application\/)?(?:logout\+)?jwt$/i.test(typ)
}

const BY_CODE: Readonly<Record<string, TokenRefusal>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm',
  ERR_JOSE_NOT_SUPPORTED: 'algorithm',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'signature',
  ERR_JWKS_NO_MATCHING_KEY: 'signature',
  ERR_JWT_EXPIRED: 'time',
  ERR_JWS_INVALID: 'malformed',
  ERR_JWT_INVALID: 'malformed',
}

const BY_CLAIM: Readonly<Record<string, TokenRefusal>> = { typ: 'type', aud: 'audience', iss: 'issuer' }

/** Every other error means that the keys could not be read, which is no fault of the token. */
function toRefusal(error: unknown): TokenRefusal {
  const { code = '', claim = '' } = error as { code?: string; claim?: string }
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return BY_CLAIM[claim] ?? 'time'
  const refusal = BY_CODE[code]
  if (refusal === undefined) throw error
  return refusal
}

function judge(claims: Claims, issuer: string, { now, maxAgeMs, toleranceMs }: TokenTimes): LogoutToken | TokenRefusal {
  const { jti, sub = null, sid = null, iat = 0, exp = Number.POSITIVE_INFINITY, events } = claims
  if (Object.hasOwn(claims, 'nonce')) return 'nonce'
  const event = isObject(events) && Object.hasOwn(events, LOGOUT_EVENT) ? events[LOGOUT_EVENT] : null
  if (!isObject(event)) return 'event'
  if (!isText(jti) || !(isText(sub) || isText(sid)) || ![sub, sid].every((one) => one === null || isText(one)))
    return 'claims'
  const until = Math.min(exp * 1000, iat * 1000 + maxAgeMs, now + maxAgeMs) + toleranceMs
  return { issuer, subject: sub, sid: sid as string | null, issuedAt: iat, jti, until }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
