import { assertSessions } from '../../core/contracts/assert-sessions.ts'
import { checkArgument, checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { attempt } from '../../core/lib/maybe.ts'
import { once, wasUsed } from '../../core/token/once.ts'
import { demandCount } from '../../events/webhooks/retries.ts'
import { type Timing, toTiming, within } from '../../stores/around/wrapper.ts'
import type { Http } from '../_http.ts'
import { createBudget } from './budget.ts'
import { STREAM_UPDATED, toSignalName, VERIFICATION } from './events.ts'
import { type Signal, type SignalPolicy, toPolicy } from './policy.ts'
import { createPolling, type Polling, type PollOptions } from './poll-client.ts'
import { answerPush } from './push-endpoint.ts'
import { type SecurityEvent, type SetError, type SignalVerdict, verifySet } from './set.ts'
import { createStreamClient, type StreamClient } from './stream-client.ts'
import { distrust, end, idsOf, type Sessions, type SessionsOf, toTarget, type UserOf } from './target.ts'
import { type TrustedTransmitter, toTrusted } from './trusted.ts'

export interface SharedSignalsReceiverOptions {
  /** Whose events count. Events of anybody else are refused. */
  readonly transmitters: readonly TrustedTransmitter[]
  /**
   * Returns the user id that a subject names, or `null`. A transmitter may write any subject, so look at `from.issuer`: it must only
   * reach the users of its own tenant.
   */
  readonly userOf: UserOf
  /**
   * Returns the ids of the sessions that a complex subject names by its session, device or other members. Default: `session` with
   * format `opaque` is our own id, and anything else is left alone. A session of another user than the subject's is never touched.
   */
  readonly sessionsOf?: SessionsOf
  /** What each event does. */
  readonly policy?: Partial<SignalPolicy>
  /** How many sessions one issuer can end or distrust in a minute, in this process. Further events are asked for again later. Default 300. */
  readonly maxPerMinute?: number
  /** Older events are refused, and for this long an event is not accepted twice. Default `'30d'`. */
  readonly maxAge?: Duration
  /** How much the clocks of a transmitter and of this server may differ. Default `'5s'`. */
  readonly clockTolerance?: Duration
  /** Receives what became of each event. Default: prints outages and floods with `console.error`. */
  readonly onSignal?: (report: SignalReport) => unknown
  /** Also allows `http` URLs, for tests. Default `false`. */
  readonly insecureHttp?: boolean
  /** Sends the requests to transmitters. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** For tests. Default: the platform's time. */
  readonly timing?: Partial<Timing>
}

/** What became of an event. It has no token and no text of the transmitter but its ids and its name. */
export interface SignalReport {
  /**
   * `ended`, `distrusted`: `count` sessions. `ignored`: `reason` says why. `repeated`: it came before. `refused`: it proves nothing.
   * `limited`: too many in a minute. `failed`: this application could not act (`error`). `verified`: the answer to `verify`.
   */
  readonly outcome:
    | 'ended'
    | 'distrusted'
    | 'ignored'
    | 'repeated'
    | 'refused'
    | 'limited'
    | 'failed'
    | 'verified'
    | 'stream-updated'
  /** `null` if it is not trusted. */
  readonly issuer: string | null
  readonly jti: string | null
  readonly txn: string | null
  /** The name of the event, or the URI of one that is not of CAEP. */
  readonly event: string | null
  readonly userId: string | null
  readonly count: number
  readonly reason: string | null
  readonly error?: unknown
}

/** The result of `sharedSignalsReceiver`. */
export interface SharedSignalsReceiver {
  /** The endpoint for push delivery (RFC 8935), a fetch handler: `app.post('/signals', toNodeHandler(receiver.push))`. */
  push(request: Request): Promise<Response>
  /** Begins to ask a transmitter for events (RFC 8936), until `close`. */
  poll(issuer: string, options?: PollOptions): Polling
  /** Creates and manages streams at a transmitter. */
  streams(issuer: string): StreamClient
  /** Judges and obeys one event that came in another way. */
  receive(text: string): Promise<SignalVerdict>
}

const MINUTE = 60_000
const ACCEPTED: SignalVerdict = { kind: 'accepted' }
const UNAVAILABLE: SignalVerdict = { kind: 'later', status: 503, retryAfterSeconds: 5 }
const NONE = { issuer: null, jti: null, txn: null, event: null, userId: null, count: 0, reason: null } as const

/**
 * Ends sessions when an identity provider says so: a receiver for the OpenID Shared Signals Framework 1.0 with events of CAEP 1.0. It
 * needs the package `jose`.
 *
 * An event is accepted after the sessions have ended in the store, so nothing is lost in a crash: the transmitter sends it again.
 *
 * ```ts
 * const receiver = sharedSignalsReceiver(sessions, {
 *   transmitters: [{ issuer: 'https://idp.example', audience: 'https://shop.example' }],
 *   userOf: (subject) => (subject.format === 'iss_sub' && subject.iss === 'https://idp.example' ? String(subject.sub) : null),
 * })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function sharedSignalsReceiver(
  sessions: Sessions,
  options: SharedSignalsReceiverOptions,
): SharedSignalsReceiver {
  checkOptions(options, KINDS, 'sharedSignalsReceiver')
  assertSessions(sessions, 'sharedSignalsReceiver')
  checkArgument(options.userOf, 'function', 'sharedSignalsReceiver: userOf')
  const { userOf, sessionsOf, maxPerMinute = 300 } = options
  const onSignal = (report: SignalReport): void => attempt(() => (options.onSignal ?? printTrouble)(report), printError)
  const timing = toTiming(options.timing)
  const http: Http = {
    fetch: options.fetch ?? ((...args) => fetch(...args)),
    timing,
    insecureHttp: options.insecureHttp === true,
  }
  const trusted = toTrusted(options.transmitters, http)
  const maxAgeMs = toMs(options.maxAge ?? '30d', 'sharedSignalsReceiver: maxAge')
  const toleranceMs = toMs(options.clockTolerance ?? '5s', 'sharedSignalsReceiver: clockTolerance')
  const actionFor = toPolicy(options.policy)
  const budget = createBudget(demandCount(maxPerMinute, 'sharedSignalsReceiver: maxPerMinute'), timing)
  const { store } = sessions
  const limited = { outcome: 'limited', reason: `more than ${maxPerMinute} sessions in a minute` } as const

  async function obey(set: SecurityEvent): Promise<SignalReport> {
    const name = toSignalName(set.type)
    const base = { ...NONE, issuer: set.issuer, jti: set.jti, txn: set.txn, event: name ?? set.type }
    const ignored = (reason: string): SignalReport => ({ ...base, outcome: 'ignored', reason })
    if (set.type === STREAM_UPDATED) return { ...base, outcome: 'stream-updated', reason: toWord(set.event.status) }
    if (name === null) return ignored('event')
    const signal: Signal = { name, issuer: set.issuer, subject: set.subject, event: set.event }
    const action = actionFor(signal)
    if (action === 'ignore') return ignored('policy')
    const finding = toTarget(set.subject, set.issuer, userOf, sessionsOf)
    const target = await within(TARGET_MS, timing, 'userOf or sessionsOf', finding)
    if (typeof target === 'string') return ignored(target)
    const before = toTime(set) + toleranceMs
    const ids = await idsOf(sessions, target, before)
    if (!budget.take(set.issuer, ids.length)) return { ...base, ...limited }
    const isEnd = action === 'end'
    const count = isEnd ? await end(sessions, target, ids, name) : await distrust(store, ids, before, timing.wall())
    return { ...base, outcome: isEnd ? 'ended' : 'distrusted', userId: target.userId, count }
  }

  async function handle(set: SecurityEvent): Promise<SignalVerdict> {
    const { issuer, jti } = set
    const base = { ...NONE, issuer, jti, txn: set.txn, event: toSignalName(set.type) ?? set.type }
    if (set.type === VERIFICATION) return verified(set)
    const key = `shared signal ${issuer} ${jti}`
    if (await wasUsed(store, key, timing.wall)) {
      onSignal({ ...base, outcome: 'repeated' })
      return ACCEPTED
    }
    const report: SignalReport = budget.waitMs(issuer) > 0 ? { ...base, ...limited } : await obey(set)
    if (report.outcome === 'limited') {
      onSignal(report)
      return { kind: 'later', status: 429, retryAfterSeconds: Math.ceil(budget.waitMs(issuer) / 1000) }
    }
    // Last. If the process ends before, the event comes again, and acts on the same sessions.
    await once(store, key, Math.max(timing.wall(), set.issuedAt) + maxAgeMs, timing.wall)
    onSignal(report)
    return ACCEPTED
  }

  async function verified(set: SecurityEvent): Promise<SignalVerdict> {
    const { issuer, jti, txn, event } = set
    const { state } = event
    if (state !== undefined && !(await wasUsed(store, toStateKey(issuer, String(state)), timing.wall))) {
      return refuse('invalid_state', 'Nobody here asked for a verification with this state.', issuer)
    }
    onSignal({ ...NONE, outcome: 'verified', issuer, jti, txn, event: 'verification' })
    return ACCEPTED
  }

  function refuse(err: SetError, description: string, issuer: string | null): SignalVerdict {
    onSignal({ ...NONE, outcome: 'refused', issuer, reason: err })
    return { kind: 'refused', err, description }
  }

  async function receive(text: string, authorization?: string | null): Promise<SignalVerdict> {
    let issuer: string | null = null
    try {
      const verdict = await verifySet(text, authorization, { trusted, maxAgeMs, wall: timing.wall })
      if (verdict.kind === 'refused') return refuse(verdict.err, verdict.description, verdict.issuer)
      if (verdict.kind === 'later') {
        issuer = verdict.issuer
        if (verdict.error !== null) throw verdict.error
        onSignal({ ...NONE, outcome: 'refused', issuer, reason: 'invalid_key' })
        return UNAVAILABLE
      }
      issuer = verdict.set.issuer
      return await handle(verdict.set)
    } catch (error) {
      onSignal({ ...NONE, outcome: 'failed', issuer, error })
      return UNAVAILABLE
    }
  }

  function demand(issuer: string) {
    const from = trusted.get(issuer)
    if (from !== undefined) return from
    throw new SessionError('ERR_OPTION', `There is no transmitter ${JSON.stringify(issuer)} in sharedSignalsReceiver.`)
  }

  return {
    push: (request) => answerPush(request, receive),
    receive: (text) => receive(text),
    poll: (issuer, more) => createPolling(demand(issuer), http, receive, more),
    streams: (issuer) =>
      createStreamClient(demand(issuer), http, (state) =>
        once(store, toStateKey(issuer, state), timing.wall() + STATE_MS, timing.wall),
      ),
  }
}

/** A poll handles one event after the other, so one must not wait without end. */
const TARGET_MS = 10_000

/** How long a transmitter may take to send the event of a verification. */
const STATE_MS = 15 * MINUTE

function toStateKey(issuer: string, state: string): string {
  return `shared signal state ${issuer} ${state}`
}

const KINDS = {
  transmitters: 'array',
  userOf: 'function',
  sessionsOf: 'function',
  policy: 'object',
  maxPerMinute: 'number',
  maxAge: 'any',
  clockTolerance: 'any',
  onSignal: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  timing: 'any',
} as const

/**
 * When the event happened. Whole seconds are cut off, so a session of the same second may be older than the event: the end of the
 * second counts.
 */
function toTime({ event, issuedAt }: SecurityEvent): number {
  const { event_timestamp: at } = event
  // No event is later than the token about it. Transmitters that write milliseconds name the year 50,000.
  const ms = typeof at === 'number' && Number.isFinite(at) ? Math.min(at * 1000, issuedAt + 999) : issuedAt
  return ms % 1000 === 0 ? ms + 1000 : ms
}

function toWord(value: unknown): string | null {
  return typeof value === 'string' && /^[\w-]{1,80}$/.test(value) ? value : null
}

function printError(error: unknown): void {
  console.error('sharedSignalsReceiver', error)
}

function printTrouble(report: SignalReport): void {
  if (report.outcome === 'failed' || report.outcome === 'limited') console.error('sharedSignalsReceiver', report)
}
