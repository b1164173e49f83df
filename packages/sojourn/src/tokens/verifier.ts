/**
 * Verifies access tokens in another process: without a store, and still refusing what was revoked within a second.
 * @module sojourn/tokens/verifier
 */
import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { demandUrl } from '../events/webhooks/url.ts'
import { loadJose } from '../guards/_jose.ts'
import { readText, send } from '../signals/_http.ts'
import { demandAlgorithms, type KeySet, toIssuerKeys, verifyToken } from '../signals/_issuer-keys.ts'
import type { Bus } from '../stores/around/near-cache/bus.ts'
import { type Timing, toTiming } from '../stores/around/wrapper.ts'
import { type AccessVerdict, createJudge, type VerifyOptions } from './_judge.ts'
import { createFollower, type Follower } from './ends/follower.ts'
import { ENDS_TYPE, learnList } from './ends/list.ts'
import { assertCarries } from './ends/marks.ts'
import { createEndsMemory, type EndsMemory } from './ends/memory.ts'

export type { Bus } from '../stores/around/near-cache/bus.ts'
export type { Timing } from '../stores/around/wrapper.ts'
export type { AccessToken } from './_claims.ts'
export type { AccessRefusal, AccessVerdict, VerifyOptions } from './_judge.ts'
export { type Challenge, type ChallengeOptions, toChallenge } from './challenge.ts'

/** How a verifier learns which tokens were revoked. At least one of `list` and `bus`. */
export interface EndsOptions {
  /** The URL of the issuer's list of ends (`tokens.ends`). It also has what a bus did not bring. */
  readonly list?: string | undefined
  /**
   * The bus to which `createTokens` publishes. Without a list, tokens that were issued before this process listened are refused
   * (`unsure`), because their end may have been missed.
   */
  readonly bus?: Bus | undefined
  /** After which time at the latest an end is known here. From 100 ms to a minute. Default `'1s'`. */
  readonly within?: Duration | undefined
  /**
   * While neither list nor bus can be reached: `'deny'` rejects with `ERR_CARRIER` (503), `'allow'` accepts tokens that may have been
   * revoked, until they expire. Default `'deny'`.
   */
  readonly whenDown?: 'deny' | 'allow' | undefined
}

export interface VerifierOptions {
  /** The `iss` of the tokens. */
  readonly issuer: string
  /** The `aud` that tokens for this service have. */
  readonly audience: string
  /** Where the issuer publishes its keys. Default: `/.well-known/jwks.json` at the issuer. */
  readonly jwksUri?: string | undefined
  /** Default: `EdDSA`, `ES256`, `RS256` and `PS256`. */
  readonly algorithms?: readonly string[] | undefined
  /** How to learn of ends. */
  readonly ends?: EndsOptions | undefined
  /** Accepts revoked tokens until they expire. Only for an issuer without a list of ends. Default `false`. */
  readonly insecureNoEnds?: boolean | undefined
  /** The longest life of a token, at most a day. Ends are remembered this long. Default `'1h'`. */
  readonly maxLife?: Duration | undefined
  /** Also allows `http` URLs, for tests. Default `false`. */
  readonly insecureHttp?: boolean | undefined
  /** Reads keys and list. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch | undefined
  /** For tests. Default: the platform's time. */
  readonly timing?: Partial<Timing> | undefined
}

/** The result of `createVerifier`. */
export interface Verifier {
  /**
   * Judges an access token. It answers without a promise if nothing has to be read. Rejects with `ERR_CARRIER` (503) if the keys or
   * the ends cannot be read.
   */
  verify(accessToken: string, options?: VerifyOptions): MaybePromise<AccessVerdict>
  /** Reads keys and ends, so that the first request does not wait. Rejects as `verify` does. */
  start(): Promise<void>
  /** Stops listening to the bus. */
  close(): MaybePromise<void>
}

const KINDS = {
  issuer: 'string',
  audience: 'string',
  jwksUri: 'string',
  algorithms: 'array',
  ends: 'object',
  insecureNoEnds: 'boolean',
  maxLife: 'any',
  insecureHttp: 'boolean',
  fetch: 'function',
  timing: 'any',
} as const
const ENDS = { list: 'string', bus: 'object', within: 'any', whenDown: ['deny', 'allow'] } as const
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'RS256', 'PS256']
const TOLERANCE_MS = 5000
const DAY_MS = 86_400_000
/** Larger than any list: half a million ends. */
const MAX_LIST = 16_777_216
const LIST_TIMEOUT_MS = 5000
/** An older list may be a copy that somebody kept. */
const MAX_LIST_AGE_MS = 30_000

/**
 * Verifies the access tokens of one issuer for one service. No store, no secret: the keys are public, and ends come over a bus or from
 * a signed list.
 *
 * ```ts
 * const verifier = createVerifier({
 *   issuer: 'https://shop.example',
 *   audience: 'https://api.shop.example',
 *   ends: { list: 'https://shop.example/.well-known/session-ends' },
 * })
 * const { token, refusal } = await verifier.verify(text, { scope: 'orders:read' })
 * ```
 *
 * Needs the package `jose`.
 *
 * @throws `ERR_OPTION` for an unknown or wrong option, and without `ends` unless `insecureNoEnds` is set.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const where = 'createVerifier'
  checkOptions(options, KINDS, where)
  const { issuer, audience, ends, insecureNoEnds = false, insecureHttp = false } = options
  const { wall: clock, uptime } = toTiming(options.timing)
  const get = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
  const maxLifeMs = toMs(options.maxLife ?? '1h', `${where}: maxLife`)
  if (typeof audience !== 'string' || audience === '' || maxLifeMs > DAY_MS) {
    throw new SessionError('ERR_OPTION', `${where}: audience is required, and maxLife is at most a day.`)
  }
  if ((ends === undefined) !== insecureNoEnds) {
    throw new SessionError(
      'ERR_OPTION',
      `${where}: give ends, so that revoked tokens are refused, or set insecureNoEnds to accept them until they expire.`,
    )
  }
  demandUrl(issuer, `${where}: issuer`, insecureHttp)
  const jwksUri = options.jwksUri ?? new URL('/.well-known/jwks.json', issuer).href
  const keys = toIssuerKeys({ issuer, jwksUri }, where, { caller: where, insecureHttp, fetch: get, clock })
  const algorithms = options.algorithms === undefined ? ALGORITHMS : demandAlgorithms(options.algorithms, where)

  const memory = createEndsMemory(maxLifeMs + 2 * TOLERANCE_MS, clock)
  const reading = { issuer, keys, algorithms, fetch: get, clock, timing: toTiming(options.timing), memory }
  const follower = ends === undefined ? null : follow(ends)

  function follow(given: EndsOptions): Follower {
    checkOptions(given, ENDS, `${where}: ends`)
    const { list, bus = null, within = '1s', whenDown = 'deny' } = given
    assertCarries(bus, where)
    const intervalMs = toMs(within, `${where}: within`)
    if ((list === undefined && bus === null) || intervalMs < 100 || intervalMs > 60_000) {
      throw new SessionError('ERR_OPTION', `${where}: ends needs list or bus, and within is from 100ms to a minute.`)
    }
    const url = list === undefined ? null : demandUrl(list, `${where}: list`, insecureHttp)
    const readList = url === null ? null : (since: number) => fetchList(url, since, reading)
    return createFollower({ memory, readList, bus, intervalMs, whenDown, clock, uptime })
  }

  const verify = createJudge({
    caller: where,
    issuer,
    audience: [audience],
    algorithms,
    keys,
    maxLifeMs,
    toleranceMs: TOLERANCE_MS,
    clock,
    ends: follower,
  })
  return {
    verify,
    async start() {
      await Promise.all([readKeys(keys), follower?.known(clock())])
    },
    close: () => follower?.close(),
  }
}

async function readKeys(keys: KeySet): Promise<void> {
  try {
    await keys.known()
  } catch (cause) {
    throw new SessionError('ERR_CARRIER', 'The keys of the issuer of access tokens cannot be read now.', cause)
  }
}

interface Reading {
  readonly issuer: string
  readonly keys: KeySet
  readonly algorithms: readonly string[]
  readonly fetch: typeof fetch
  readonly clock: () => number
  readonly timing: Timing
  readonly memory: EndsMemory
}

async function fetchList(list: URL, since: number, reading: Reading): Promise<number> {
  const { issuer, keys, algorithms, clock, memory } = reading
  const url = new URL(list)
  url.searchParams.set('since', String(since))
  const text = await send(reading, url, { timeoutMs: LIST_TIMEOUT_MS }, async (response) =>
    response.status === 200 ? readText(response, MAX_LIST) : null,
  )
  if (text === null) throw new Error(`${list.host} did not answer with a list of ends.`)
  const { payload } = await verifyToken(await loadJose('createVerifier'), text, keys, {
    algorithms: [...algorithms],
    issuer,
    typ: ENDS_TYPE,
    currentDate: new Date(clock()),
  })
  const { at } = payload
  if (typeof at !== 'number' || Math.abs(clock() - at) > MAX_LIST_AGE_MS) {
    throw new Error('The list of ends is not of now. Compare the clocks of both servers.')
  }
  return learnList(memory, payload, since)
}
