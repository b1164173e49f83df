import { assertSessions } from '../../core/contracts/assert-sessions.ts'
import { checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionListener } from '../../core/contracts/events.ts'
import type { MaybePromise, Store } from '../../core/contracts/store.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { createNonce } from '../../core/token/secrets.ts'
import { equalText, hashSecret } from '../../core/token/token.ts'
import { type Timing, toTiming } from '../../stores/around/wrapper.ts'
import { demandUrl, type Http } from '../_http.ts'
import { CLAIM_MS, createDelivery, type SignalProblem } from './delivery.ts'
import { answer, deliveredOf, type EndpointParts, type Receiver, reply } from './endpoints.ts'
import { type SubjectId, toUri, VERIFICATION } from './events.ts'
import { type CredentialChange, type EventClaims, toCredentialChange, toRevoked } from './events-out.ts'
import { type Ending, outboxOf } from './outbox-store.ts'
import { createSigner, type SigningKey } from './signing.ts'
import { createStreamStore, POLL, PUSH, type Stream, type Waiting } from './stream-store.ts'
import { toMetadataPath } from './trusted.ts'

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
  readonly onProblem?: (problem: SignalProblem) => void
  /** Also allows `http` URLs, for tests. Default `false`. */
  readonly insecureHttp?: boolean
  /** Sends the pushes. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** For tests. Default: the platform's time and randomness. */
  readonly timing?: Partial<Timing>
}

/** The result of `sharedSignalsTransmitter`. */
export interface SharedSignalsTransmitter {
  /** All endpoints, as a fetch handler. Mount it on `/.well-known/ssf-configuration` and on `path`. */
  handler(request: Request): Promise<Response>
  /** Tells that a credential changed. Resolves when that is stored. `passwordChanged` and `factorChanged` of `sessions` tell it by themselves. */
  credentialChanged(userId: string, change: CredentialChange): Promise<void>
  /** Sends what a crash left and what is due, at once. Runs by itself too. */
  flush(): Promise<void>
  /** Stops. What waits is sent by the next process. Call it before `sessions.close()`. */
  close(): Promise<void>
}

interface TransmitterSessions {
  readonly store: Store
  on(name: 'account', listener: SessionListener<'account'>): () => void
}

const REVOKED = toUri('session-revoked')
const CREDENTIAL = toUri('credential-change')
const SUPPORTED: readonly string[] = [REVOKED, CREDENTIAL]
/** After this time, a session that still lives was not ended: the process stopped before. */
const GIVE_UP_MS = 60_000
const VERIFY_EVERY_MS = 5000
const LONG_POLL_MS = 25_000

/**
 * Tells other applications when sessions end here: a transmitter for the OpenID Shared Signals Framework 1.0 with events of CAEP 1.0
 * (`session-revoked`, `credential-change`). It needs `outboxStore`, and the package `jose`.
 *
 * At least once, also after a crash: streams and events are in your store. Any process can deliver them.
 *
 * ```ts
 * const sessions = createSessions({ store: outboxStore(memoryStore()) })
 * const transmitter = sharedSignalsTransmitter(sessions, {
 *   issuer: 'https://idp.example',
 *   keys: [privateJwk],
 *   receivers: [{ id: 'shop', audience: 'https://shop.example', token: process.env.SHOP_TOKEN ?? '' }],
 * })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function sharedSignalsTransmitter(
  sessions: TransmitterSessions,
  options: SharedSignalsTransmitterOptions,
): SharedSignalsTransmitter {
  checkOptions(options, KINDS, 'sharedSignalsTransmitter')
  assertSessions(sessions, 'sharedSignalsTransmitter')
  const settings = toSettings(options)
  const { issuer, timing, receivers, isSent, onProblem } = settings
  const outbox = outboxOf(sessions.store)
  const signer = createSigner(options.keys)
  const streams = createStreamStore(outbox.inner, issuer, timing.wall)
  const delivery = createDelivery({ ...settings, streams, sign })
  const waiters = new Set<() => void>()
  const running = new Set<Promise<unknown>>()
  let isClosed = false
  let stopTick = (): void => {}

  async function sign(stream: Stream, { jti, claims, at }: Waiting): Promise<string> {
    const aud = receivers.get(stream.receiver)?.audience
    return signer.sign({ iss: issuer, aud, iat: Math.floor(at / 1000), jti, ...claims })
  }

  /** Stores an event for a stream, and pushes it. With the same `cause`, the event has the same id, and receivers count it once. */
  async function put(stream: Stream, cause: string, claims: EventClaims): Promise<void> {
    const now = timing.wall()
    const isPushed = stream.method === PUSH && stream.status === 'enabled'
    const jti = hashSecret(toUtf8(`${stream.id} ${cause}`))
    const event = { jti, claims, at: now, attempts: 0, dueAt: isPushed ? now + CLAIM_MS : 0 }
    await makeRoom(stream)
    await streams.put(stream, event)
    for (const wake of [...waiters]) wake()
    if (isPushed) track(delivery.push(stream, event))
  }

  async function makeRoom(stream: Stream): Promise<void> {
    const waiting = await streams.waiting(stream)
    const over = waiting.slice(0, Math.max(0, waiting.length + 1 - settings.maxWaiting))
    await streams.done(
      stream,
      over.map(({ jti }) => jti),
    )
    for (const { jti } of over) onProblem({ kind: 'full', receiver: stream.receiver, jti, reason: null })
  }

  /** Stores an event for every stream that wants it. */
  async function publish(
    uri: string,
    userId: string,
    cause: string,
    toClaims: (user: SubjectId, receiver: Known) => EventClaims | null,
  ): Promise<void> {
    for (const stream of await streams.all()) {
      const receiver = receivers.get(stream.receiver)
      if (receiver === undefined || stream.status === 'disabled' || !deliveredOf(SUPPORTED, stream).includes(uri))
        continue
      const subject = await settings.subjectOf(userId, receiver.id)
      if (subject === null || (await streams.subjects(stream).read())[toSubjectKey(subject)] !== undefined) continue
      const claims = toClaims(subject, receiver)
      if (claims !== null) await put(stream, cause, claims)
    }
  }

  async function tellEnd(key: string, ending: Ending): Promise<void> {
    if (isSent(ending.reason)) {
      await publish(REVOKED, ending.userId, key, (user, { revokes }) =>
        // The user is still here, in the session that replaced this one.
        revokes === 'user' && ending.reason === 'login' ? null : toRevoked(ending, user, revokes),
      )
    }
    // Last: if the process stops before, the next one does all of it again.
    await outbox.endings.remove([key])
  }

  async function tellCredential(userId: string, change: CredentialChange, cause: string): Promise<void> {
    const at = timing.wall()
    await publish(CREDENTIAL, userId, cause, (user) => toCredentialChange(change, at, user))
  }

  function credentialOf(change: string): CredentialChange | null {
    if (change === 'password-changed') return { type: 'password', change: 'update' }
    return change === 'factor-changed' ? { type: settings.factorType, change: 'update' } : null
  }

  /** A note whose session has ended was left by a crash. One whose session lives was never carried out. */
  async function recover(): Promise<void> {
    const told = new Set<string>()
    for (const [key, text] of Object.entries(await outbox.endings.read())) {
      const ending = JSON.parse(text) as Ending
      const age = timing.wall() - ending.at
      if (age < settings.recoverAfterMs) continue
      const { inner } = outbox
      const kept = await (inner.readNow?.(ending.id) ?? inner.read(ending.id))
      if (kept?.kind === 'live') {
        if (age > GIVE_UP_MS) await outbox.endings.remove([key])
        continue
      }
      const credential = credentialOf(ending.reason)
      const change = `${ending.userId} ${ending.reason}`
      // The event of the account was lost too.
      if (credential !== null && !told.has(change)) await tellCredential(ending.userId, credential, `${change} ${key}`)
      told.add(change)
      await tellEnd(key, ending)
    }
  }

  function track(work: Promise<unknown>): void {
    const done = work.catch((error: unknown) => settings.onFault(error)).finally(() => running.delete(done))
    running.add(done)
  }

  async function flush(): Promise<void> {
    await recover()
    await delivery.tryDue()
  }

  function tick(): void {
    track(flush())
    stopTick = timing.after(settings.intervalMs, tick, 'background')
  }

  /** Resolves after this time, or earlier if this process stored an event. */
  function news(ms: number): Promise<void> {
    if (isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        waiters.delete(wake)
        cancel()
        resolve()
      }
      const cancel = timing.after(ms, wake)
      waiters.add(wake)
    })
  }

  const parts: EndpointParts = {
    ...settings,
    supported: SUPPORTED,
    streams,
    verifyEveryMs: VERIFY_EVERY_MS,
    get longPollMs() {
      return isClosed ? 0 : LONG_POLL_MS
    },
    sign,
    subjectKey: toSubjectKey,
    news,
    verify: (stream, state) =>
      put(stream, createNonce(), {
        sub_id: { format: 'opaque', id: stream.id },
        events: { [VERIFICATION]: state === null ? {} : { state } },
      }),
  }

  const listen = (key: string, ending: Ending): void => track(tellEnd(key, ending))
  outbox.listener = listen
  const stopListening = sessions.on('account', ({ userId, change }) => {
    const credential = credentialOf(change)
    if (credential !== null) track(tellCredential(userId, credential, createNonce()))
  })
  tick()

  return {
    handler: (request) => route(parts, settings, signer, request),
    credentialChanged: (userId, change) => tellCredential(userId, change, createNonce()),
    flush,
    async close() {
      isClosed = true
      stopListening()
      stopTick()
      outbox.listener = null
      for (const wake of [...waiters]) wake()
      await Promise.allSettled([...running])
    },
  }
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

interface Known extends Receiver {
  readonly hashes: readonly string[]
  readonly revokes: 'session' | 'user'
}

type Settings = ReturnType<typeof toSettings>

function toSettings(options: SharedSignalsTransmitterOptions) {
  const { issuer, path = '/ssf', insecureHttp = false } = options
  const where = 'sharedSignalsTransmitter'
  const { origin } = demandUrl(issuer, `${where}: issuer`, insecureHttp)
  if (!/^(?:\/[\w.-]+)+$/.test(path)) throw new SessionError('ERR_OPTION', `${where}: path must be such as "/ssf".`)
  const timing = toTiming(options.timing)
  const http: Http = { fetch: options.fetch ?? ((...args) => fetch(...args)), timing, insecureHttp }
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
    attempts: demandCount(options.attempts ?? 8, 'attempts'),
    maxWaiting: demandCount(options.maxWaiting ?? 1000, 'maxWaiting'),
    firstRetryMs: toMs(options.firstRetry ?? '5s', `${where}: firstRetry`),
    longestRetryMs: toMs(options.longestRetry ?? '6h', `${where}: longestRetry`),
    intervalMs: toMs(options.interval ?? '5s', `${where}: interval`),
    recoverAfterMs: toMs(options.recoverAfter ?? '10s', `${where}: recoverAfter`),
    onProblem: options.onProblem ?? ((problem: SignalProblem) => console.error(where, problem)),
    // The store failed. What waits is tried again.
    onFault: (error: unknown) => console.error(where, error),
  }
}

function demandCount(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new SessionError('ERR_OPTION', `sharedSignalsTransmitter: ${name} must be a whole number from 1.`)
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
  return new Map(all.map((receiver) => [receiver.id, receiver]))
}

/** The members of a subject in one order, because a receiver may write them in another one. */
function toSubjectKey(subject: unknown): string {
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, each]) => [name, sorted(each)]),
        )
      : value
  return hashSecret(toUtf8(JSON.stringify(sorted(subject))))
}

function metadataOf({ issuer, base }: Settings): object {
  return {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${base}/jwks`,
    delivery_methods_supported: [PUSH, POLL],
    configuration_endpoint: `${base}/streams`,
    status_endpoint: `${base}/status`,
    add_subject_endpoint: `${base}/subjects/add`,
    remove_subject_endpoint: `${base}/subjects/remove`,
    verification_endpoint: `${base}/verify`,
    authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
    default_subjects: 'ALL',
  }
}

async function route(
  parts: EndpointParts,
  settings: Settings,
  signer: { jwks(): Promise<object> },
  request: Request,
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const isGet = request.method === 'GET'
  const cached = (value: object, type: string): Response =>
    new Response(JSON.stringify(value), { headers: { 'content-type': type, 'cache-control': 'public, max-age=300' } })
  if (isGet && pathname === toMetadataPath(settings.issuer)) return cached(metadataOf(settings), 'application/json')
  if (isGet && pathname === `${settings.path}/jwks`) return cached(await signer.jwks(), 'application/jwk-set+json')
  if (!pathname.startsWith(`${settings.path}/`)) return reply(404)
  const [, token] = /^bearer ([\x21-\x7e]+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  const receiver = token === undefined ? undefined : find(settings.receivers, token)
  if (receiver === undefined) {
    return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' } })
  }
  return answer(parts, receiver, pathname.slice(settings.path.length), request)
}

/** Compares with every token, so that timing does not reveal which one is close. */
function find(receivers: ReadonlyMap<string, Known>, token: string): Known | undefined {
  const hash = hashSecret(toUtf8(token))
  const found = [...receivers.values()].filter(({ hashes }) =>
    hashes.map((each) => equalText(each, hash)).includes(true),
  )
  return found[0]
}
