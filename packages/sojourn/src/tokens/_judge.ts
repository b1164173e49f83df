import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { reachesAssurance } from '../core/lib/assurance.ts'
import { toUtf8 } from '../core/lib/bytes.ts'
import { chain } from '../core/lib/maybe.ts'
import { sha256Text } from '../core/token/mac.ts'
import { loadJose } from '../guards/_jose.ts'
import { isNotReadYet, type KeySet, verifyToken } from '../signals/_issuer-keys.ts'
import { type AccessClaims, type AccessToken, toAccessToken, toClaims, toScopes } from './_claims.ts'
import { isSigned, MAX_LENGTH } from './_form.ts'
import type { Ends } from './ends/ledger.ts'
import { toUserMark } from './ends/marks.ts'

/** Why an access token was refused. */
export type AccessRefusal =
  /** It is no signed JWT, is too long, or its header names a key. No key was looked up. */
  | 'malformed'
  /** Its `typ` is not `at+jwt`: perhaps an ID token. */
  | 'type'
  /** Its `alg` is not among those that are accepted. */
  | 'algorithm'
  /** No key of the issuer made this signature. */
  | 'signature'
  /** Another issuer made it. */
  | 'issuer'
  /** It is for another service. */
  | 'audience'
  /** It lacks a claim that RFC 9068 demands, or one is wrong, or it lives longer than `maxLife`. */
  | 'claims'
  | 'expired'
  /** It is not valid yet. */
  | 'early'
  /** Its session has ended, or it was revoked, or the account changed since. */
  | 'revoked'
  /** It was issued before this verifier heard of ends, and there is no list to look it up in. A new one is accepted. */
  | 'unsure'
  /** It is bound to a key, and the caller has no proof that its sender holds that key. */
  | 'proof'
  /** It lacks a scope that is needed. */
  | 'scope'
  /** The user proved who they are longer ago than `maxAge`, or it does not say when. */
  | 'proof-too-old'
  /** The user proved who they are in none of the ways of `assurance`. */
  | 'assurance-too-low'

/** What `verify` found. Exactly one of both is set. */
export type AccessVerdict =
  | { readonly token: AccessToken; readonly refusal: null }
  | { readonly token: null; readonly refusal: AccessRefusal }

export interface VerifyOptions {
  /** The scopes that the token must have, all of them. Default: none. */
  readonly scope?: string | readonly string[] | undefined
  /** How long ago the user may have proved who they are (`auth_time`). Default: not asked. */
  readonly maxAge?: Duration | undefined
  /** The levels of assurance (`acr`), one of which the token must have. Of `aal1` to `aal3`, a higher one does. Default: not asked. */
  readonly assurance?: string | readonly string[] | undefined
  /**
   * What the request proved, by the member of `cnf`: `{ jkt: '<thumbprint>' }` for DPoP, `{ 'x5t#S256': '...' }` for mutual TLS. A
   * token that is bound to a key is refused without it (`proof`).
   */
  readonly proof?: Readonly<Record<string, string>> | undefined
}

/** Judges access tokens. Rejects if the keys of the issuer, or the ends, cannot be read. */
export type Judge = (text: string, options?: VerifyOptions) => MaybePromise<AccessVerdict>

export interface JudgeOptions {
  readonly caller: string
  readonly issuer: string
  /** The token must be for one of these. */
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly keys: KeySet
  readonly maxLifeMs: number
  readonly toleranceMs: number
  readonly clock: () => number
  /** `null`: revoked tokens are accepted until they expire. */
  readonly ends: Ends | null
  /** Whether a token that is bound to a key counts without a proof. Only for what cannot harm whom it belongs to. */
  readonly ignoresProof?: boolean
}

/** A token that was verified before, and the mark of its user. */
interface Known {
  readonly claims: AccessClaims
  readonly marks: readonly (string | null)[]
  readonly at: number
}

/** A key that its issuer takes back stops to count after this time. */
const KNOWN_MS = 60_000
const MAX_KNOWN = 10_000

/**
 * A client sends the same token with each request, so a signature that was good is not computed again for a minute. Everything that
 * changes with time is checked each time: expiry, and whether it was revoked.
 */
export function createJudge(options: JudgeOptions): Judge {
  const { clock, ends, toleranceMs, ignoresProof = false } = options
  let young = new Map<string, Known>()
  let old = new Map<string, Known>()

  function find(hash: string, now: number): Known | null {
    const known = young.get(hash) ?? old.get(hash)
    return known !== undefined && Math.abs(now - known.at) < KNOWN_MS ? known : null
  }

  function remember(hash: string, claims: AccessClaims): Known {
    const { sub, sid, jti } = claims
    const known: Known = { claims, marks: [sid ?? null, jti, toUserMark(sub)], at: clock() }
    if (young.size >= MAX_KNOWN) {
      old = young
      young = new Map()
    }
    young.set(hash, known)
    return known
  }

  const use = (claims: AccessClaims, wanted: VerifyOptions): AccessVerdict =>
    judgeUse(claims, ignoresProof ? { ...wanted, proof: claims.cnf ?? {} } : wanted, clock())

  function judge({ claims, marks }: Known, wanted: VerifyOptions): MaybePromise<AccessVerdict> {
    const now = clock()
    if (now >= claims.exp * 1000 + toleranceMs) return refused('expired')
    if (ends === null) return use(claims, wanted)
    const known = ends.known(claims.iat * 1000)
    return chain(known, (isKnown) => {
      if (claims.iat < ends.memory.cutOf(marks)) return refused('revoked')
      if (!isKnown) return refused('unsure')
      return use(claims, wanted)
    })
  }

  return (text, wanted = {}) => {
    if (typeof text !== 'string' || text.length > MAX_LENGTH) return refused('malformed')
    const hash = sha256Text(toUtf8(text))
    const known = find(hash, clock())
    if (known !== null) return judge(known, wanted)
    if (!isSigned(text)) return refused('malformed')
    return verifySignature(text, options).then((found) =>
      typeof found === 'string' ? refused(found) : judge(remember(hash, found), wanted),
    )
  }
}

function refused(refusal: AccessRefusal): AccessVerdict {
  return { token: null, refusal }
}

function judgeUse(claims: AccessClaims, wanted: VerifyOptions, now: number): AccessVerdict {
  const { scope = [], proof = {}, maxAge, assurance } = wanted
  const isProved = Object.entries(claims.cnf ?? {}).every(
    ([name, value]) => Object.hasOwn(proof, name) && proof[name] === value,
  )
  if (!isProved) return refused('proof')
  const scopes = toScopes(claims.scope)
  const needed = typeof scope === 'string' ? toScopes(scope) : scope
  if (!needed.every((each) => scopes.includes(each))) return refused('scope')
  const { auth_time = Number.NEGATIVE_INFINITY, acr = null } = claims
  if (maxAge !== undefined && now - auth_time * 1000 > toMs(maxAge, 'verify: maxAge')) return refused('proof-too-old')
  const levels = typeof assurance === 'string' ? [assurance] : assurance
  if (levels !== undefined && !reachesAssurance(acr, levels)) return refused('assurance-too-low')
  return { token: toAccessToken(claims), refusal: null }
}

async function verifySignature(text: string, options: JudgeOptions): Promise<AccessClaims | AccessRefusal> {
  const { caller, issuer, audience, algorithms, keys, toleranceMs, maxLifeMs, clock } = options
  const jose = await loadJose(caller)
  let payload: Readonly<Record<string, unknown>>
  try {
    const verified = await verifyToken(jose, text, keys, {
      algorithms: [...algorithms],
      issuer,
      audience: [...audience],
      typ: 'at+jwt',
      currentDate: new Date(clock()),
      clockTolerance: toleranceMs / 1000,
    })
    payload = verified.payload
  } catch (error) {
    return toRefusal(error)
  }
  const claims = toClaims(payload)
  if (claims === null || (claims.exp - claims.iat) * 1000 > maxLifeMs + 1000) return 'claims'
  if (claims.iat * 1000 > clock() + toleranceMs + 1000) return 'early'
  return freeze(claims)
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(Object.freeze(value))) freeze(each)
  return value
}

const BY_CODE: Readonly<Record<string, AccessRefusal>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm',
  ERR_JOSE_NOT_SUPPORTED: 'algorithm',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'signature',
  ERR_JWKS_NO_MATCHING_KEY: 'signature',
  ERR_JWT_EXPIRED: 'expired',
  ERR_JWS_INVALID: 'malformed',
  ERR_JWT_INVALID: 'malformed',
}

const BY_CLAIM: Readonly<Record<string, AccessRefusal>> = { typ: 'type', aud: 'audience', iss: 'issuer', nbf: 'early' }

/** Every other error means that the keys could not be read, which is no fault of the token. */
function toRefusal(error: unknown): AccessRefusal {
  const { code = '', claim = '', reason } = Object(error) as { code?: string; claim?: string; reason?: string }
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    const isEarly = claim !== 'nbf' || reason === 'check_failed'
    return (isEarly ? BY_CLAIM[claim] : undefined) ?? 'claims'
  }
  // A new key is published an hour before it signs, so a key that is not known is none of the issuer's.
  const refusal = isNotReadYet(error) ? 'signature' : BY_CODE[code]
  if (refusal !== undefined) return refusal
  throw new SessionError('ERR_CARRIER', 'The keys of the issuer of access tokens cannot be read now.', error)
}
