import { SessionError } from '../core/contracts/errors.ts'
import { demandUrl, toUrl } from '../events/webhooks/url.ts'
import { type Jose, loadJose } from '../guards/_jose.ts'
import { MAX_BYTES, readJson } from './_http.ts'

export type KeySet = ReturnType<Jose['createRemoteJWKSet']>

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
  return lazily(reach.clock, async () => {
    const jose = await loadJose(reach.caller)
    return jose.createRemoteJWKSet(known ?? (await discover(issuer, reach)), {
      cooldownDuration: COOLDOWN_MS,
      [jose.customFetch]: reach.fetch,
    })
  })
}

/**
 * How long after a request to the issuer the next one may follow. A forged token names a key that nobody knows, and must not cause
 * a request each time. A key that is used so soon after its publication is not found.
 */
const COOLDOWN_MS = 5000

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
