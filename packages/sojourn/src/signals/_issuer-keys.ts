import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { SessionError } from '../core/contracts/errors.ts'
import { demandUrl, toUrl } from '../events/webhooks/url.ts'
import { type Jose, loadJose } from '../guards/_jose.ts'
import { toTiming } from '../stores/around/wrapper.ts'
import { type Http, MAX_BYTES, readJson, send } from './_http.ts'

/** The public keys of an issuer. */
export interface KeySet {
  /** How often reading them began. */
  readonly begun: number
  /** The keys as they were read last. */
  known(): Promise<Keys>
  /** The keys as they are published now, or were moments ago. */
  published(): Promise<Keys>
}

export interface Keys {
  /** Finds the key of a token. */
  readonly find: JWTVerifyGetKey
  /** Which reading had them, from 1. */
  readonly number: number
}

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
): KeySet {
  demandUrl(issuer, `${where}: issuer`, reach.insecureHttp)
  const known = jwksUri === undefined ? null : demandUrl(jwksUri, `${where}: jwksUri`, reach.insecureHttp)
  const discovered = kept(reach.clock, () => discover(issuer, reach))
  return remoteKeys(async (maxAgeMs) => known ?? discovered(maxAgeMs), reach)
}

/**
 * The keys at the URL that the issuer's metadata names, which may name another one later. Nothing is asked again for a while: a
 * stranger chooses how many forged tokens arrive, and an issuer that is down must not get a request for each.
 */
export function remoteKeys(
  urlOf: (maxAgeMs?: number) => Promise<URL>,
  { caller, fetch: get, clock }: Omit<Reach, 'insecureHttp'>,
): KeySet {
  let last: { readonly keys: Keys; readonly at: number } | null = null
  let url: URL | null = null
  let begun = 0

  const read = kept(clock, async (): Promise<Keys> => {
    begun += 1
    const number = begun
    const jose = await loadJose(caller)
    try {
      url = await urlOf(COOLDOWN_MS)
    } catch (error) {
      if (url === null) throw error
    }
    const keys = { number, find: jose.createLocalJWKSet(await fetchKeys(url, get)) }
    last = { keys, at: clock() }
    return keys
  })

  return {
    get begun() {
      return begun
    },
    async known() {
      const ageMs = last === null ? 0 : clock() - last.at
      return last !== null && ageMs >= 0 && ageMs < KEYS_MS ? last.keys : read(COOLDOWN_MS)
    },
    published: () => read(COOLDOWN_MS),
  }
}

async function fetchKeys(url: URL, get: typeof fetch): Promise<JSONWebKeySet> {
  const init = { headers: { accept: 'application/json, application/jwk-set+json' }, timeoutMs: TIMEOUT_MS }
  return send(toHttp(get), url, init, async (response) => {
    if (response.status !== 200) throw new Error(`${url.host} answered ${response.status}.`)
    // `jose` checks it.
    return (await readJson(response, MAX_BYTES)) as JSONWebKeySet
  })
}

/** The issuer may have published the key since its keys were last read. */
class KeyNotReadYet extends Error {
  constructor() {
    super('The keys of the issuer were read moments ago, and none made this token. They are read again soon.')
  }
}

/** Whether the token may be good in a moment, if it is sent again. */
export function isNotReadYet(error: unknown): boolean {
  return error instanceof KeyNotReadYet
}

/**
 * Verifies a token with the keys of its issuer. If none of those that are known made it, they are read again: the issuer may have a
 * new key, also one with the name of an old one, or without a name.
 */
export async function verifyToken(
  jose: Jose,
  text: string,
  keys: KeySet,
  options: JWTVerifyOptions,
): Promise<{ readonly payload: JWTPayload }> {
  const { begun } = keys
  const known = await keys.known()
  try {
    return await verifyWith(jose, text, known.find, options)
  } catch (error) {
    if (!isOfAnotherKey(error) || known.number > begun) throw error
  }
  const published = await keys.published()
  try {
    return await verifyWith(jose, text, published.find, options)
  } catch (error) {
    throw isOfAnotherKey(error) && published.number <= begun ? new KeyNotReadYet() : error
  }
}

function isOfAnotherKey(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
}

/** A token that does not name its key is tried with each that fits. */
async function verifyWith(
  jose: Jose,
  text: string,
  find: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<{ readonly payload: JWTPayload }> {
  try {
    return await jose.jwtVerify(text, find, options)
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
 * a request each time.
 */
const COOLDOWN_MS = 5000
/** How long keys are used. */
const KEYS_MS = 600_000
/** How long metadata is used. */
const METADATA_MS = 3_600_000

/** How long a request to an issuer may take. */
const TIMEOUT_MS = 5000

function toHttp(get: typeof fetch): Pick<Http, 'fetch' | 'timing'> {
  return { fetch: get, timing: toTiming() }
}

/**
 * Calls at the same time share one result, and later ones while it is not older than `maxAgeMs`. After a failure, the next attempt
 * follows a while later.
 */
export function kept<T>(clock: () => number, work: () => Promise<T>): (maxAgeMs?: number) => Promise<T> {
  let last: { readonly value: Promise<T>; at: number; lifeMs: number } | null = null
  return (maxAgeMs = METADATA_MS) => {
    const ageMs = last === null ? 0 : clock() - last.at
    if (last !== null && ageMs >= 0 && ageMs < Math.min(last.lifeMs, maxAgeMs)) return last.value
    const made = { value: work(), at: clock(), lifeMs: METADATA_MS }
    last = made
    made.value.catch(() => {
      made.at = clock()
      made.lifeMs = COOLDOWN_MS
    })
    return made.value
  }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string, { fetch: get, insecureHttp }: Reach): Promise<URL> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const { status, found } = await send(toHttp(get), url, { timeoutMs: TIMEOUT_MS }, async (response) => ({
    status: response.status,
    found: response.status === 200 ? await readJson(response, MAX_BYTES) : null,
  }))
  const { issuer: named, jwks_uri } = Object(found) as Record<string, unknown>
  const keys = toUrl(jwks_uri, insecureHttp)
  if (named === issuer && keys !== null) return keys
  throw new Error(
    status === 200
      ? `${issuer} does not describe itself as that issuer, with a https URL of its keys.`
      : `${url} answered ${status}.`,
  )
}
