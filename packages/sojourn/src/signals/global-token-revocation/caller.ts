import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { JsonValue } from '../../core/contracts/json.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { equalText, hashSecret } from '../../core/token/token.ts'
import { loadJose } from '../../guards/_jose.ts'
import { demandAlgorithms, type Reach, toIssuerKeys, verifyToken } from '../_issuer-keys.ts'

/** Who is meant (RFC 9493), with the members of its format: `{ format: 'email', email: 'ada@example.com' }`. */
export interface RevocationSubject {
  readonly format: string
  readonly [member: string]: JsonValue | undefined
}

/** A system that may end sessions. It has either a `secret`, or an `issuer` and an `audience`. */
export interface RevocationCaller {
  /** For `userOf` and `refused`. Unique. */
  readonly name: string
  /** The bearer token that it sends: random, 32 characters or more. Several while it is being replaced. */
  readonly secret?: string | readonly string[]
  /** The `iss` of the signed JWT that it sends as the bearer token. */
  readonly issuer?: string
  /** The `aud` of that JWT: the URL of this endpoint. */
  readonly audience?: string
  /** Where the issuer's public keys are. Default: `jwks_uri` of `<issuer>/.well-known/openid-configuration`. */
  readonly jwksUri?: string
  /** The `typ` of that JWT. Default `'global-token-revocation+jwt'`. */
  readonly typ?: string
  /** The algorithms that it may be signed with. Default: `RS256`, `PS256`, `ES256`, `EdDSA` and their longer forms. */
  readonly algorithms?: readonly string[]
}

const KINDS = {
  name: 'string',
  secret: 'any',
  issuer: 'string',
  audience: 'string',
  jwksUri: 'string',
  typ: 'string',
  algorithms: 'array',
} as const

const MIN_SECRET = 32

interface Known {
  readonly name: string
  /** Whether this bearer token is the caller's. Rejects if the keys cannot be read. */
  readonly sent: (token: string) => Promise<boolean>
}

/** Returns a function that finds the caller of an `Authorization` header; `null` if it proves none. */
export function toCallers(
  given: readonly RevocationCaller[],
  reach: Reach,
): (authorization: string) => Promise<string | null> {
  if (!Array.isArray(given) || given.length === 0) {
    throw new SessionError('ERR_OPTION', 'globalTokenRevocation: callers must be a list with at least one caller.')
  }
  const callers = given.map((one: RevocationCaller, index) =>
    toKnown(one, `globalTokenRevocation: callers[${index}]`, reach),
  )
  if (new Set(callers.map(({ name }) => name)).size < callers.length) {
    throw new SessionError('ERR_OPTION', 'globalTokenRevocation: two callers have the same name.')
  }
  return async (authorization) => {
    const token = /^bearer ([\w.~+/-]+=*)$/i.exec(authorization)?.[1]
    if (token === undefined) return null
    for (const { name, sent } of callers) if (await sent(token)) return name
    return null
  }
}

function toKnown(given: RevocationCaller, where: string, reach: Reach): Known {
  checkOptions(given, KINDS, where)
  const { name, secret, issuer, audience } = given
  if (typeof name !== 'string' || name === '') throw new SessionError('ERR_OPTION', `${where} needs a name.`)
  if (secret !== undefined && issuer === undefined) return { name, sent: toSecretCheck(secret, where) }
  if (secret === undefined && issuer !== undefined && audience !== undefined && audience !== '') {
    return { name, sent: toJwtCheck({ ...given, issuer, audience }, where, reach) }
  }
  throw new SessionError('ERR_OPTION', `${where} needs either a secret, or an issuer and an audience.`)
}

/** Compares hashes, so that the time shows nothing of the secret. */
function toSecretCheck(secret: string | readonly string[], where: string): Known['sent'] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  const isGood = Array.isArray(secrets) && secrets.length > 0
  if (!isGood || !secrets.every((text) => typeof text === 'string' && text.length >= MIN_SECRET)) {
    throw new SessionError('ERR_OPTION', `${where}: secret must have ${MIN_SECRET} characters or more.`)
  }
  const hashes = secrets.map((text) => hashSecret(toUtf8(text)))
  return async (token) => hashes.filter((hash) => equalText(hash, hashSecret(toUtf8(token)))).length > 0
}

/** How old a JWT may be, and how far the caller's clock may be from ours. */
const MAX_AGE_SECONDS = 300
const TOLERANCE_SECONDS = 60

function toJwtCheck(
  caller: RevocationCaller & { readonly issuer: string; readonly audience: string },
  where: string,
  reach: Reach,
): Known['sent'] {
  const { issuer, audience, typ = 'global-token-revocation+jwt' } = caller
  const algorithms = demandAlgorithms(caller.algorithms, where)
  const keys = toIssuerKeys(caller, where, reach)
  return async (token) => {
    const jose = await loadJose(reach.caller)
    try {
      if (jose.decodeJwt(token).iss !== issuer) return false
    } catch {
      return false
    }
    try {
      await verifyToken(jose, token, keys, {
        issuer,
        audience,
        typ,
        algorithms: [...algorithms],
        requiredClaims: ['iat', 'exp'],
        maxTokenAge: MAX_AGE_SECONDS,
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: new Date(reach.clock()),
      })
      return true
    } catch (error) {
      if (REFUSALS.test(String((error as { code?: unknown }).code))) return false
      throw error
    }
  }
}

/** Every other error means that the keys could not be read, which is no fault of the token. */
const REFUSALS = /^ERR_(?:JWT_|JWS_|JOSE_ALG_NOT_ALLOWED$|JOSE_NOT_SUPPORTED$|JWKS_NO_MATCHING_KEY$)/

/** The subject of a request's body; `null` if it has none. */
export function toSubject(body: unknown): RevocationSubject | null {
  const { sub_id: subject } = Object(body) as { readonly sub_id?: unknown }
  if (typeof subject !== 'object' || subject === null || Array.isArray(subject)) return null
  const { format } = subject as Partial<RevocationSubject>
  return typeof format === 'string' && format !== '' ? (subject as RevocationSubject) : null
}
