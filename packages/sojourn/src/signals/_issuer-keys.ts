import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { SessionError } from '../core/contracts/errors.ts'
import { demandUrl, toUrl } from '../events/webhooks/url.ts'
import { type Jose, loadJose } from '../guards/_jose.ts'
import { toTiming } from '../stores/around/wrapper.ts'
import { type Http, MAX_BYTES, readJson, readText, send } from './_http.ts'

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
): KeySet {
  demandUrl(issuer, `${where}: issuer`, reach.insecureHttp)
  const known = jwksUri === undefined ? null : demandUrl(jwksUri, `${where}: jwksUri`, reach.insecureHttp)
  const discovered = kept(reach.clock, () => discover(issuer, reach))
  return remoteKeys(async (maxAgeMs) => known ?? discovered(maxAgeMs), reach)
}

/**
 * The keys at the URL that the issuer's metadata names. It may name another one later, so a token whose key is not found also asks
 * where the keys are now.
 */
export function remoteKeys(urlOf: (maxAgeMs?: number) => Promise<URL>, reach: Omit<Reach, 'insecureHttp'>): KeySet {
  let known: { readonly href: string; readonly keys: Promise<KeySet> } | null = null

  function at(url: URL): Promise<KeySet> {
    if (known?.href !== url.href) known = { href: url.href, keys: keysAt(url, reach) }
    return known.keys
  }

  async function current(): Promise<KeySet> {
    try {
      return await at(await urlOf())
    } catch (error) {
      // Keys that are known still open honest tokens.
      if (known === null) throw error
      return known.keys
    }
  }

  return async (header, token) => {
    const keys = await current()
    try {
      return await keys(header, token)
    } catch (error) {
      if (isAnswer(error) && !isNoMatch(error)) throw error
      const moved = await at(await urlOf(COOLDOWN_MS))
      if (moved === keys) throw error
      return moved(header, token)
    }
  }
}

/**
 * The keys at a URL. Nothing is asked again for a while after a failure or an unknown key: a stranger chooses how many forged tokens
 * arrive, and an issuer that is down must not get a request for each.
 */
async function keysAt(url: URL, { caller, fetch: get, clock }: Omit<Reach, 'insecureHttp'>): Promise<KeySet> {
  const jose = await loadJose(caller)
  let failure: { readonly error: unknown; readonly at: number } | null = null
  const keys = jose.createRemoteJWKSet(url, {
    cooldownDuration: COOLDOWN_MS,
    // Only the request is held back: keys that are known still open honest tokens.
    async [jose.customFetch](address, init) {
      if (failure !== null && clock() - failure.at < COOLDOWN_MS) throw failure.error
      failure = null
      try {
        return await send(toHttp(get), address, { ...init, timeoutMs: TIMEOUT_MS }, async (response) => {
          if (response.status !== 200) throw new Error(`${url.host} answered ${response.status}.`)
          return new Response(await readText(response, MAX_BYTES))
        })
      } catch (error) {
        failure = { error, at: clock() }
        throw error
      }
    },
  })
  return async (header, token) => {
    const isHeldBack = keys.coolingDown
    try {
      return await keys(header, token)
    } catch (error) {
      throw isHeldBack && isNoMatch(error) ? new KeyNotReadYet(url) : error
    }
  }
}

/** The issuer may have published the key since its keys were last read. */
class KeyNotReadYet extends Error {
  constructor({ host }: URL) {
    super(`The keys of ${host} were read moments ago without the key of this token. They are read again soon.`)
  }
}

/** Whether the token may be good in a moment, if it is sent again. */
export function isNotReadYet(error: unknown): boolean {
  return error instanceof KeyNotReadYet
}

function isNoMatch(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === 'ERR_JWKS_NO_MATCHING_KEY'
}

/** The keys were read, and none of them, or more than one, is that of the token. */
export function isAnswer(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return isNoMatch(error) || code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
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
 * a request each time.
 */
const COOLDOWN_MS = 5000
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
