import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { demandUrl, MAX_BYTES, readJson, toUrl } from '../_http.ts'
import { type Jose, loadJose } from '../_jose.ts'

/** An identity provider whose logout tokens are accepted. */
export interface LogoutProvider {
  /** The `iss` of its tokens, exactly as the provider writes it. */
  readonly issuer: string
  /** Your `client_id` there, the `aud` of its tokens. Several if this application has several. */
  readonly clientId: string | readonly string[]
  /** Where its public keys are. Default: `jwks_uri` of `<issuer>/.well-known/openid-configuration`. */
  readonly jwksUri?: string
  /** The algorithms that it may sign with. Default: `RS256`, `PS256`, `ES256`, `EdDSA` and their longer forms. Never `none` or `HS256`. */
  readonly algorithms?: readonly string[]
  /**
   * Also accepts tokens whose header has no `typ`, or `JWT` instead of `logout+jwt`, as providers sent before 2022. Another kind of
   * token of this provider is then refused because of its claims only. Default `false`.
   */
  readonly insecureAnyType?: boolean
  /** Also accepts tokens without `exp`, as providers sent before 2022. They expire `maxAge` after `iat`. Default `false`. */
  readonly insecureNoExpiry?: boolean
}

export interface Provider extends Required<Omit<LogoutProvider, 'clientId' | 'jwksUri'>> {
  readonly clientIds: readonly string[]
  /** Finds the key of a token. */
  readonly keys: () => Promise<KeySet>
}

export type KeySet = ReturnType<Jose['createRemoteJWKSet']>

/** What providers sign with. No symmetric one: their key would be a password of the client, and with a public key anybody could sign. */
const ALGORITHMS = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/
const DEFAULT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

const KINDS = {
  issuer: 'string',
  clientId: 'any',
  jwksUri: 'string',
  algorithms: 'array',
  insecureAnyType: 'boolean',
  insecureNoExpiry: 'boolean',
} as const

export interface Reach {
  readonly insecureHttp: boolean
  readonly fetch: typeof fetch
  readonly clock: () => number
}

export function toProvider(given: LogoutProvider, where: string, reach: Reach): Provider {
  checkOptions(given, KINDS, where)
  const { issuer, clientId, jwksUri, algorithms = DEFAULT_ALGORITHMS } = given
  demandUrl(issuer, `${where}: issuer`, reach.insecureHttp)
  const clientIds = typeof clientId === 'string' ? [clientId] : clientId
  if (
    !Array.isArray(clientIds) ||
    clientIds.length === 0 ||
    !clientIds.every((id) => typeof id === 'string' && id !== '')
  ) {
    throw new SessionError('ERR_OPTION', `${where}: clientId must be a text, or a list of texts.`)
  }
  const other = algorithms.find((name) => !ALGORITHMS.test(name))
  if (other !== undefined || algorithms.length === 0) {
    throw new SessionError(
      'ERR_OPTION',
      `${where}: algorithms are names such as RS256 and ES256, and never none or HS256.`,
    )
  }
  const known = jwksUri === undefined ? null : demandUrl(jwksUri, `${where}: jwksUri`, reach.insecureHttp)
  return {
    issuer,
    clientIds,
    algorithms,
    insecureAnyType: given.insecureAnyType ?? false,
    insecureNoExpiry: given.insecureNoExpiry ?? false,
    keys: lazily(reach.clock, async () => {
      const jose = await loadJose('backChannelLogout')
      return jose.createRemoteJWKSet(known ?? (await discover(issuer, reach)), {
        cooldownDuration: COOLDOWN_MS,
        [jose.customFetch]: reach.fetch,
      })
    }),
  }
}

/**
 * How long after a request to the provider the next one may follow. A forged token names a key that nobody knows, and must not cause
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
