/**
 * Events for other systems, as signed HTTP requests by the Standard Webhooks specification.
 * @module sojourn/webhooks
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { type Duration, toMs } from '../core/contracts/duration.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionEvent, SessionEventName, SessionListener } from '../core/contracts/events.ts'
import { type Timing, toTiming, within } from '../stores/around/wrapper.ts'
import { COUNTERS } from './counts.ts'
import { type AddressForm, toFields, toIso } from './entry.ts'
import { createDelivery, type Delivery, type WebhookDrop } from './webhooks/delivery.ts'
import { post } from './webhooks/post.ts'
import { toRetries } from './webhooks/retries.ts'
import { toSecrets } from './webhooks/signature.ts'
import { demandUrl } from './webhooks/url.ts'

export type { Timing } from '../stores/around/wrapper.ts'
export type { WebhookDrop } from './webhooks/delivery.ts'
export {
  type VerifyWebhookOptions,
  verifyWebhook,
  type WebhookHeaders,
  type WebhookMessage,
  type WebhookVerdict,
} from './webhooks/verify.ts'

export interface WebhookEndpoint {
  /** Where messages are posted. Must be `https`, without a user and a password. */
  readonly url: string
  /** `whsec_` and from 24 to 64 bytes in base64. Several while it is being replaced: messages are then signed with each of them. */
  readonly secret: string | readonly string[]
  /** Which events are sent. Default: `login`, `reauthenticated`, `adopted`, `ended`, `reuse`, `finding`. */
  readonly events?: readonly SessionEventName[]
}

export interface WebhooksOptions {
  readonly endpoints: readonly WebhookEndpoint[]
  /** What is sent of the client's address: `'none'` (default), `'short'`, its network, or `'full'`. */
  readonly address?: AddressForm
  /** How often a message is tried. Default 8: with the other defaults, over about eight hours. */
  readonly attempts?: number
  /** The pause after the first attempt. It grows by four each time. Default `'5s'`. */
  readonly firstRetry?: Duration
  /** The longest pause. Default `'6h'`. */
  readonly longestRetry?: Duration
  /** How long an endpoint may take to answer. Default `'15s'`. */
  readonly timeout?: Duration
  /** How many messages wait for one endpoint. Above this number, messages are dropped. Default 1000. */
  readonly maxWaiting?: number
  /**
   * Receives each message that will never arrive. The first one of an endpoint in a minute is a `fault` too. `dropped` may return a
   * promise: `close` waits for it, at most `timeout`. If it throws or rejects, that is a `fault` too.
   */
  readonly dropped?: (drop: WebhookDrop) => unknown
  /** Also allows `http` URLs, for tests. Anybody on the network path can then read and drop messages. Default `false`. */
  readonly insecureHttp?: boolean
  /** Sends the requests. Default: the platform's `fetch`. Pass your own to send them through a proxy. */
  readonly fetch?: typeof fetch
  /** For tests. Default: the platform's time and randomness. */
  readonly timing?: Partial<Timing>
}

/** The result of `webhooks`. */
export interface Webhooks {
  /** Tries every message that waits at once. Rejects with `ERR_EVENTS` if some did not arrive. They still wait, if attempts are left. */
  flush(): Promise<void>
  /**
   * Stops listening, and tries every message that waits a last time. Those that do not arrive are passed to `dropped`. Requests
   * begin for at most `timeout`, so it takes at most twice that long, even if an endpoint never answers, and then as long as
   * `dropped` takes.
   */
  close(): Promise<void>
}

interface Target extends Delivery {
  readonly events: readonly SessionEventName[]
  reportedAt: number
}

const DEFAULT_EVENTS: readonly SessionEventName[] = ['login', 'reauthenticated', 'adopted', 'ended', 'reuse', 'finding']
/** One `fault` for an endpoint in this time, because an outage drops every message. */
const REPORT_MS = 60_000

/**
 * Posts events to URLs: `{ type: 'session.ended', timestamp, data }`. Each message is signed, and tried again until it arrives: at
 * least once, as long as this process runs. Messages wait in memory, so a crash loses those that had not arrived. No request waits
 * for a message.
 *
 * ```ts
 * const hooks = webhooks(sessions, { endpoints: [{ url: 'https://crm.example/hooks', secret: process.env.WEBHOOK_SECRET ?? '' }] })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function webhooks(
  sessions: { on(name: '*', listener: SessionListener<'*'>): () => void },
  options: WebhooksOptions,
): Webhooks {
  checkOptions(options, KINDS, 'webhooks')
  assertSessions(sessions, 'webhooks')
  const { endpoints, address = 'none', dropped = () => undefined } = options
  const timing = toTiming(options.timing)
  const timeoutMs = toMs(options.timeout ?? '15s', 'webhooks: timeout')
  const targets = toTargets(endpoints, options, timeoutMs, timing)
  const pending = new Set<Promise<void>>()

  async function send(target: Target, type: string, body: string): Promise<void> {
    const drop = await target.send(type, body)
    if (drop === null) return
    // A message dropped by close was lost on purpose.
    const isNews = drop.reason !== 'closed' && timing.uptime() - target.reportedAt >= REPORT_MS
    if (isNews) target.reportedAt = timing.uptime()
    const error = await tell(drop)
    if (!isNews && error === null) return
    const { reason, url, status } = drop
    throw new SessionError(
      'ERR_EVENTS',
      `webhooks: a message to ${url} was dropped (${reason}, last status ${status ?? 'none'})${error === null ? '' : ', and the function dropped failed'}.`,
      error ?? undefined,
    )
  }

  /** Resolves with the error of the application's function, because it must not replace the report about the message. */
  async function tell(drop: WebhookDrop): Promise<unknown> {
    try {
      await within(timeoutMs, timing, 'webhooks: dropped', Promise.resolve(dropped(drop)))
      return null
    } catch (error) {
      return error ?? new Error('dropped failed')
    }
  }

  function listen(event: SessionEvent): Promise<unknown> | undefined {
    const due = targets.filter(({ events }) => events.includes(event.type))
    if (due.length === 0) return undefined
    const { type, ...data } = toFields(event, address)
    const message = { type: `session.${type}`, timestamp: toIso(event.at), data }
    const body = JSON.stringify(message, withoutHalves)
    return Promise.all(due.map((target) => track(send(target, message.type, body))))
  }

  function track(sending: Promise<void>): Promise<void> {
    pending.add(sending)
    const done = (): void => void pending.delete(sending)
    sending.then(done, done)
    return sending
  }

  const stop = sessions.on('*', listen)
  return {
    async flush() {
      const counts = await Promise.all(targets.map((target) => target.flush()))
      const left = counts.reduce((sum, count) => sum + count, 0)
      if (left > 0) throw new SessionError('ERR_EVENTS', `webhooks: ${left} messages have not arrived.`)
    },
    async close() {
      stop()
      await Promise.all(targets.map((target) => target.close()))
      await Promise.allSettled(pending)
    },
  }
}

/** Many parsers and databases refuse JSON with half of a character (an unpaired surrogate), and an application can pass one. */
function withoutHalves(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value
}

const KINDS = {
  endpoints: 'array',
  address: ['short', 'full', 'none'],
  attempts: 'number',
  firstRetry: 'any',
  longestRetry: 'any',
  timeout: 'any',
  maxWaiting: 'number',
  dropped: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  timing: 'any',
} as const

function toTargets(
  endpoints: readonly WebhookEndpoint[],
  options: WebhooksOptions,
  timeoutMs: number,
  timing: Timing,
): readonly Target[] {
  if (!Array.isArray(endpoints) || endpoints.length === 0) {
    throw new SessionError('ERR_OPTION', 'webhooks: endpoints must be a list with at least one endpoint.')
  }
  const parts = { ...toRetries(options, 'webhooks'), timing }
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args))
  return endpoints.map((endpoint: WebhookEndpoint, index) => {
    const where = `webhooks: endpoints[${index}]`
    checkOptions(endpoint, { url: 'string', secret: 'any', events: 'array' }, where)
    const url = demandUrl(endpoint.url, `${where}: url`, options.insecureHttp === true)
    const { events = DEFAULT_EVENTS } = endpoint
    const unknown = events.find((name) => !Object.hasOwn(COUNTERS, name))
    if (unknown !== undefined)
      throw new SessionError('ERR_OPTION', `${where}: there is no event ${JSON.stringify(unknown)}.`)
    const to = { url, secrets: toSecrets(endpoint.secret, where), timeoutMs, timing, fetch: send }
    const delivery = createDelivery({ ...parts, url, timeoutMs, post: (message) => post(to, message) })
    return { ...delivery, events, reportedAt: Number.NEGATIVE_INFINITY }
  })
}
