import type { JSONWebKeySet } from 'jose'
import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { demandUrl, toUrl } from '../../events/webhooks/url.ts'
import { loadJose } from '../../guards/_jose.ts'
import { within } from '../../stores/around/wrapper.ts'
import { type Http, MAX_BYTES, readJson, send } from '../_http.ts'
import { type KeySet, type Keys, kept, remoteKeys } from '../_issuer-keys.ts'
import { isObject } from './events.ts'

/** A transmitter whose events count here. */
export interface TrustedTransmitter {
  /** Its `iss`, exactly as it writes it. Events of any other issuer are refused. */
  readonly issuer: string
  /** What `aud` must contain: the name under which this transmitter knows this application, or several. */
  readonly audience: string | readonly string[]
  /** Where its public keys are. Default: what its metadata says, at `/.well-known/ssf-configuration`. */
  readonly jwksUri?: string
  /** Its public keys, in place of `jwksUri`. */
  readonly keys?: { readonly keys: readonly object[] }
  /** The `Authorization` header with which it pushes, if this application gave it one. Pushes without it are refused. */
  readonly pushAuthorization?: string
  /** The `Authorization` header for requests to the transmitter, or a function that returns it: `Bearer ...`. */
  readonly authorization?: string | (() => MaybePromise<string>)
}

/** What a transmitter says of itself (SSF 1.0, section 7.1). */
export type TransmitterMetadata = Readonly<Record<string, unknown>>

export interface Trusted {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly pushAuthorization: string | null
  readonly keys: KeySet
  metadata(): Promise<TransmitterMetadata>
  /** The headers of a request to the transmitter. */
  headers(): Promise<Record<string, string>>
}

const TIMEOUT_MS = 10_000

export function toTrusted(transmitters: readonly TrustedTransmitter[], http: Http): ReadonlyMap<string, Trusted> {
  if (!Array.isArray(transmitters) || transmitters.length === 0) {
    throw new SessionError('ERR_OPTION', 'sharedSignalsReceiver: transmitters must be a list with at least one.')
  }
  const all = transmitters.map((each: TrustedTransmitter, index) => createTrusted(each, index, http))
  return new Map(all.map((each) => [each.issuer, each]))
}

const KINDS = {
  issuer: 'string',
  audience: 'any',
  jwksUri: 'string',
  keys: 'object',
  pushAuthorization: 'string',
  authorization: 'any',
} as const

function createTrusted(options: TrustedTransmitter, index: number, http: Http): Trusted {
  const where = `sharedSignalsReceiver: transmitters[${index}]`
  checkOptions(options, KINDS, where)
  const { issuer, jwksUri, keys, pushAuthorization = null, authorization } = options
  demandUrl(issuer, `${where}: issuer`, http.insecureHttp)
  const audience = typeof options.audience === 'string' ? [options.audience] : options.audience
  if (
    !Array.isArray(audience) ||
    audience.length === 0 ||
    !audience.every((each) => typeof each === 'string' && each)
  ) {
    throw new SessionError('ERR_OPTION', `${where}: audience must be a text, or a list of texts.`)
  }
  if (jwksUri !== undefined) demandUrl(jwksUri, `${where}: jwksUri`, http.insecureHttp)
  if (pushAuthorization !== null && pushAuthorization.length < MIN_SECRET) {
    throw new SessionError('ERR_OPTION', `${where}: pushAuthorization must have at least ${MIN_SECRET} characters.`)
  }
  const metadata = kept(http.timing.uptime, () => fetchMetadata(issuer, http))
  const urlOf = async (maxAgeMs?: number): Promise<URL> => {
    const text = jwksUri ?? (await metadata(maxAgeMs)).jwks_uri
    return demandUrl(text, `${where}: jwks_uri of the metadata`, http.insecureHttp)
  }
  return {
    issuer,
    audience,
    pushAuthorization,
    metadata: () => metadata(),
    keys:
      keys === undefined
        ? remoteKeys(urlOf, { caller: 'sharedSignalsReceiver', fetch: http.fetch, clock: http.timing.uptime })
        : local(keys),
    async headers() {
      const value =
        typeof authorization === 'function'
          ? await within(TIMEOUT_MS, http.timing, 'authorization', authorization())
          : authorization
      return value === undefined ? {} : { authorization: value }
    },
  }
}

const MIN_SECRET = 24

/** Keys of the options never change. */
function local(keys: { readonly keys: readonly object[] }): KeySet {
  let made: Keys | null = null
  const known = async (): Promise<Keys> => {
    made ??= { number: 1, find: (await loadJose('sharedSignalsReceiver')).createLocalJWKSet(keys as JSONWebKeySet) }
    return made
  }
  return { begun: 0, known, published: known }
}

/** The well-known part comes between the host and the path of the issuer (SSF 1.0, section 7.2). */
export function toMetadataPath(issuer: string): string {
  const { pathname } = new URL(issuer)
  return `/.well-known/ssf-configuration${pathname === '/' ? '' : pathname}`
}

async function fetchMetadata(issuer: string, http: Http): Promise<TransmitterMetadata> {
  const url = new URL(toMetadataPath(issuer), issuer)
  const init = { headers: { accept: 'application/json' }, timeoutMs: TIMEOUT_MS }
  const found = await send(http, url, init, async (response) =>
    response.status === 200 ? await readJson(response, MAX_BYTES) : null,
  )
  if (isObject(found) && found.issuer === issuer) return found
  throw new SessionError('ERR_EVENTS', `${url.href} has no metadata of the transmitter ${issuer}.`)
}

/** An endpoint of a transmitter's metadata. */
export async function endpointOf(from: Trusted, name: string, http: Http): Promise<URL> {
  const url = toUrl((await from.metadata())[name], http.insecureHttp)
  if (url !== null) return url
  throw new SessionError('ERR_EVENTS', `The metadata of the transmitter ${from.issuer} has no ${name}.`)
}
