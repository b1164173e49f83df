import { checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { attempt } from '../../core/lib/maybe.ts'
import { hashSecret } from '../../core/token/token.ts'
import { type Retries, toRetries } from '../../events/webhooks/retries.ts'
import { demandUrl } from '../../events/webhooks/url.ts'
import { type Timing, toTiming } from '../../stores/around/wrapper.ts'
import type { Http } from '../_http.ts'
import type { SignalProblem } from './delivery.ts'
import type { Receiver } from './endpoints.ts'
import type { SubjectId } from './events.ts'
import type { SigningKey } from './signing.ts'

/** An application that may receive events. */
export interface SignalReceiver {
  /** Your name for it. It is stored. */
  readonly id: string
  /** The `aud` of its events. */
  readonly audience: string
  /** Its bearer token for the endpoints, at least 32 characters, or several while it is being replaced. */
  readonly token: string | readonly string[]
  /** The origins to which it may have events pushed: `https://shop.example`. Default: none, so it has to poll. */
  readonly pushOrigins?: readonly string[]
  /** What an ended session means to it: that `session` (default), or all sessions of the `user`, for a receiver that does not know our ids. */
  readonly revokes?: 'session' | 'user'
}

export interface SharedSignalsTransmitterOptions {
  /** The `iss` of the events: the URL of this server, as receivers reach it. */
  readonly issuer: string
  /** RSA keys of at least 2048 bits as JSON Web Keys. The first one signs (RS256), all are published. */
  readonly keys: readonly SigningKey[]
  readonly receivers: readonly SignalReceiver[]
  /** The subject by which a receiver knows a user, or `null` if it must not hear of them. Default: `iss_sub` with the user id. */
  readonly subjectOf?: (userId: string, receiver: string) => MaybePromise<SubjectId | null>
  /** Which ends of sessions receivers hear of, by their reason. Default: all. An expired session has not ended. */
  readonly isSent?: (reason: string) => boolean
  /** The CAEP type of the factor that `sessions.factorChanged` is about. Default `'app'`. */
  readonly factorType?: string
  /** Where the endpoints are on this server. Default `'/ssf'`. */
  readonly path?: string
  /** How often a push is tried before the stream is paused. Default 8: over about eight hours. */
  readonly attempts?: number
  /** The pause after the first attempt. It grows by four each time. Default `'5s'`. */
  readonly firstRetry?: Duration
  /** The longest pause. Default `'6h'`. */
  readonly longestRetry?: Duration
  /** How many events wait for one receiver. Above this number, the oldest are dropped. Default 1000. */
  readonly maxWaiting?: number
  /** How often this process looks for events that are due, and for those that a crash left. Default `'5s'`. */
  readonly interval?: Duration
  /** When the note of an ended session counts as left by a crash. Default `'10s'`. */
  readonly recoverAfter?: Duration
  /** Receives what could not be delivered. Default: prints it with `console.error`. */
  readonly onProblem?: (problem: SignalProblem) => unknown
  /** Also allows `http` URLs, for tests. Default `false`. */
  readonly insecureHttp?: boolean
  /** Sends the pushes. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** For tests. Default: the platform's time and randomness. */
  readonly timing?: Partial<Timing>
}

const KINDS = {
  issuer: 'string',
  keys: 'array',
  receivers: 'array',
  subjectOf: 'function',
  isSent: 'function',
  factorType: 'string',
  path: 'string',
  attempts: 'number',
  firstRetry: 'any',
  longestRetry: 'any',
  maxWaiting: 'number',
  interval: 'any',
  recoverAfter: 'any',
  onProblem: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  timing: 'any',
} as const

export interface Known extends Receiver {
  readonly hashes: readonly string[]
  readonly revokes: 'session' | 'user'
}

/** The options with their defaults. */
export interface Settings extends Retries {
  readonly issuer: string
  readonly path: string
  /** The URL below which the endpoints are. */
  readonly base: string
  readonly http: Http
  readonly timing: Timing
  readonly receivers: ReadonlyMap<string, Known>
  readonly subjectOf: (userId: string, receiver: string) => MaybePromise<SubjectId | null>
  readonly isSent: (reason: string) => boolean
  readonly factorType: string
  readonly intervalMs: number
  readonly recoverAfterMs: number
  readonly onProblem: (problem: SignalProblem) => void
  readonly onFault: (error: unknown) => void
}

export function toSettings(options: SharedSignalsTransmitterOptions): Settings {
  const where = 'sharedSignalsTransmitter'
  checkOptions(options, KINDS, where)
  const { issuer, path = '/ssf', insecureHttp = false } = options
  const { origin } = demandUrl(issuer, `${where}: issuer`, insecureHttp)
  if (!/^(?:\/[\w.-]+)+$/.test(path)) throw new SessionError('ERR_OPTION', `${where}: path must be such as "/ssf".`)
  const timing = toTiming(options.timing)
  const http: Http = { fetch: options.fetch ?? ((...args) => fetch(...args)), timing, insecureHttp }
  const { onProblem = (problem: SignalProblem) => console.error(where, problem) } = options
  // The store failed. What waits is tried again.
  const onFault = (error: unknown): void => console.error(where, error)
  return {
    issuer,
    path,
    base: origin + path,
    http,
    timing,
    receivers: toReceivers(options.receivers, insecureHttp),
    subjectOf: options.subjectOf ?? ((userId: string) => ({ format: 'iss_sub', iss: issuer, sub: userId })),
    isSent: options.isSent ?? (() => true),
    factorType: options.factorType ?? 'app',
    ...toRetries(options, where),
    intervalMs: toMs(options.interval ?? '5s', `${where}: interval`),
    recoverAfterMs: toMs(options.recoverAfter ?? '10s', `${where}: recoverAfter`),
    onProblem: (problem) => attempt(() => onProblem(problem), onFault),
    onFault,
  }
}

const MIN_TOKEN = 32

function toReceivers(receivers: readonly SignalReceiver[], insecureHttp: boolean): ReadonlyMap<string, Known> {
  const all = receivers.map((receiver, index): Known => {
    const where = `sharedSignalsTransmitter: receivers[${index}]`
    const kinds = { id: 'string', audience: 'string', token: 'any', pushOrigins: 'array', revokes: ['session', 'user'] }
    checkOptions(receiver, kinds as never, where)
    const { id, audience, token, pushOrigins = [], revokes = 'session' } = receiver
    const tokens = typeof token === 'string' ? [token] : token
    const areGood =
      Array.isArray(tokens) && tokens.length > 0 && tokens.every((each) => String(each).length >= MIN_TOKEN)
    if (!id || !audience || !areGood) {
      throw new SessionError(
        'ERR_OPTION',
        `${where} needs an id, an audience and a token of at least ${MIN_TOKEN} characters.`,
      )
    }
    const origins = pushOrigins.map((each) => demandUrl(each, `${where}: pushOrigins`, insecureHttp).origin)
    return { id, audience, revokes, pushOrigins: origins, hashes: tokens.map((each) => hashSecret(toUtf8(each))) }
  })
  const hashes = all.flatMap((receiver) => receiver.hashes)
  if (new Set(all.map(({ id }) => id)).size < all.length || new Set(hashes).size < hashes.length) {
    throw new SessionError('ERR_OPTION', 'sharedSignalsTransmitter: two receivers have the same id or the same token.')
  }
  return new Map(all.map((receiver) => [receiver.id, receiver]))
}
