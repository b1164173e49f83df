import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { SessionError } from '../core/contracts/errors.ts'
import { demandUrl, toUrl } from '../events/webhooks/url.ts'
import { type Jose, loadJose } from '../guards/_jose.ts'
import { MAX_BYTES, readJson, readText } from './_http.ts'

/** Finds the key of a token. */
export type KeySet = JWTVerifyGetKey

/** How the keys of issuers are reached. */
export interface Reach {
  /** Whose keys these are, for messages: `backChannelLogout`. */
  readonly caller: string
  readonly insecureHttp: boolean
  readonly fetch: typeof fetch
  readonly clock: () => number
}

/** What issuers sign with. No symmetric one: their key would be a password of the client, and with a public key anybody could sign. */
const ALGORITHMS = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/
const DEFAULT_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
]

export function demandAlgorithms(given: readonly string[] | undefined, where: string): readonly string[] {
  if (given === undefined) return DEFAULT_ALGORITHMS
  if (given.length > 0 && given.every((name) => ALGORITHMS.test(name))) return given
  throw new SessionError(
    'ERR_OPTION',
    `${where}: algorithms are names such as RS256 and ES256, and never none or HS256.`,
  )
}

/** Without `jwksUri`, the issuer's discovery document has the address of its keys. */
export function toIssuerKeys(
  { issuer, jwksUri }: { readonly issuer: string; readonly jwksUri?: string | undefined },
  where: string,
  reach: Reach,
): () => Promise<KeySet> {
  demandUrl(issuer, `${where}: issuer`, reach.insecureHttp)
  const known = jwksUri === undefined ? null : demandUrl(jwksUri, `${where}: jwksUri`, reach.insecureHttp)
  return lazily(reach.clock, async () => remoteKeys(known ?? (await discover(issuer, reach)), reach))
}

/**
 * The keys at a URL. Nothing is asked again for a while after a failure or an unknown key: a stranger chooses how many forged tokens
 * arrive, and an issuer that is down must not get a request for each.
 */
export async function remoteKeys(
  url: URL,
  { caller, fetch: get, clock }: Omit<Reach, 'insecureHttp'>,
): Promise<KeySet> {
  const jose = await loadJose(caller)
  let failure: { readonly error: unknown; readonly at: number } | null = null
  return jose.createRemoteJWKSet(url, {
    cooldownDuration: COOLDOWN_MS,
    // Only the request is held back: keys that are known still open honest tokens.
    async [jose.customFetch](address, init) {
      if (failure !== null && clock() - failure.at < COOLDOWN_MS) throw failure.error
      failure = null
      try {
        const response = await get(address, init)
        if (response.status !== 200) throw new Error(`${url.host} answered ${response.status}.`)
        return new Response(await readText(response, MAX_BYTES))
      } catch (error) {
        failure = { error, at: clock() }
        throw error
      }
    },
  })
}

/** The keys were read, and none of them, or more than one, is that of the token. */
export function isAnswer(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
}

/** Verifies a token with the keys of its issuer. A token that does not name its key is tried with each that fits. */
export async function verifyToken(
  jose: Jose,
  text: string,
  keys: KeySet,
  options: JWTVerifyOptions,
): Promise<{ readonly payload: JWTPayload }> {
  try {
    return await jose.jwtVerify(text, keys, options)
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await jose.jwtVerify(text, key, options)
      } catch (failure) {
        if (!(failure instanceof jose.errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw new jose.errors.JWSSignatureVerificationFailed()
  }
}

/**
 * How long after a request to the issuer the next one may follow. A forged token names a key that nobody knows, and must not cause
 * a request each time. A key that is used so soon after its publication is not found.
 */
export const COOLDOWN_MS = 5000

/** Makes the value when it is first needed. After a failure, not again at once. */
function lazily<T>(clock: () => number, make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  let failedAt: number | null = null
  return () => {
    if (failedAt !== null && clock() - failedAt >= COOLDOWN_MS) made = null
    if (made !== null) return made
    failedAt = null
    made = make()
    made.catch(() => {
      failedAt = clock()
    })
    return made
  }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string, { fetch: get, insecureHttp }: Reach): Promise<URL> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await get(url, { redirect: 'manual', signal: AbortSignal.timeout(5000) })
  const { issuer: named, jwks_uri } = Object(await readJson(response, MAX_BYTES)) as Record<string, unknown>
  const keys = toUrl(jwks_uri, insecureHttp)
  if (named === issuer && keys !== null) return keys
  throw new Error(`${issuer} does not describe itself as that issuer, with a https URL of its keys.`)
}
