import { assertSessions } from '../../core/contracts/assert-sessions.ts'
import { assertUserId, checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionListener } from '../../core/contracts/events.ts'
import type { AccountChange } from '../../core/contracts/record.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { createDelivery, type Delivery, type Message } from '../../events/webhooks/delivery.ts'
import type { Attempt } from '../../events/webhooks/post.ts'
import { toRetries } from '../../events/webhooks/retries.ts'
import { toRetryMs } from '../../events/webhooks/retry-after.ts'
import { demandUrl } from '../../events/webhooks/url.ts'
import { type Timing, toTiming, within } from '../../stores/around/wrapper.ts'
import { type Http, send } from '../_http.ts'
import type { RevocationSubject } from './caller.ts'

/** A system that ends its own sessions and tokens when it is asked. */
export interface RevocationEndpoint {
  /** Where requests are posted: its `global_token_revocation_endpoint`. */
  readonly url: string
  /** The bearer token, or a function that makes one for each attempt, such as a signed JWT. */
  readonly token: string | (() => MaybePromise<string>)
}

/** A request that will never arrive. */
export interface RevocationDrop {
  /** `attempts`: the last attempt failed. `full`: too many wait. `gone`: the endpoint answered 410. `closed`: `close` was called before. */
  readonly reason: 'full' | 'attempts' | 'gone' | 'closed'
  /** The endpoint, without the query of its URL. */
  readonly url: string
  readonly userId: string
  /** The status of the last answer; `null` if there was none. */
  readonly status: number | null
}

export interface GlobalTokenRevocationSenderOptions {
  readonly endpoints: readonly RevocationEndpoint[]
  /** How the other system knows the user: `{ format: 'email', email }`. `null`: it does not know this user. */
  readonly subjectOf: (userId: string, url: string) => MaybePromise<RevocationSubject | null>
  /** Which changes of an account are sent. Default: `password-changed`, `factor-changed`, `account-disabled`, `account-deleted`. */
  readonly changes?: readonly AccountChange[]
  /** How often a request is tried. Default 8: with the other defaults, over about eight hours. */
  readonly attempts?: number
  /** The pause after the first attempt. It grows by four each time. Default `'5s'`. */
  readonly firstRetry?: Duration
  /** The longest pause. Default `'6h'`. */
  readonly longestRetry?: Duration
  /** How long an endpoint may take to answer. Default `'15s'`. */
  readonly timeout?: Duration
  /** Receives each request that will never arrive. If it throws or rejects, `revoke` rejects, or there is a `fault`. */
  readonly dropped?: (drop: RevocationDrop) => unknown
  /** Also allows `http` URLs, for tests. Anybody on the network path can then read the bearer token. Default `false`. */
  readonly insecureHttp?: boolean
  /** Sends the requests. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** For tests. Default: the platform's time and randomness. */
  readonly timing?: Partial<Timing>
}

/** The result of `globalTokenRevocationSender`. */
export interface GlobalTokenRevocationSender {
  /** Asks every endpoint to end what this user has there. Call it beside `sessions.revokeAll`. Resolves when all have, or never will. */
  revoke(userId: string): Promise<void>
  /** Tries every request that waits at once. Resolves with the number that did not arrive. */
  flush(): Promise<number>
  /** Stops listening, and tries every request that waits a last time. */
  close(): Promise<void>
}

const KINDS = {
  endpoints: 'array',
  subjectOf: 'function',
  changes: 'array',
  attempts: 'number',
  firstRetry: 'any',
  longestRetry: 'any',
  timeout: 'any',
  dropped: 'function',
  insecureHttp: 'boolean',
  fetch: 'function',
  timing: 'any',
} as const

const CHANGES: readonly AccountChange[] = ['password-changed', 'factor-changed', 'account-disabled', 'account-deleted']
const MAX_WAITING = 10_000

interface Target extends Delivery {
  readonly url: URL
}

/**
 * Asks other systems to end all sessions and tokens of a user, when `sessions.passwordChanged`, `factorChanged`, `accountDisabled` or
 * `accountDeleted` was called, or when you call `revoke`. Requests are tried again until they arrive, as long as this process runs.
 *
 * ```ts
 * const elsewhere = globalTokenRevocationSender(sessions, {
 *   endpoints: [{ url: 'https://crm.example/global-token-revocation', token: process.env.CRM_TOKEN ?? '' }],
 *   subjectOf: async (userId) => ({ format: 'email', email: await emailOf(userId) }),
 * })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function globalTokenRevocationSender(
  sessions: { on(name: 'account', listener: SessionListener<'account'>): () => void },
  options: GlobalTokenRevocationSenderOptions,
): GlobalTokenRevocationSender {
  checkOptions(options, KINDS, 'globalTokenRevocationSender')
  assertSessions(sessions, 'globalTokenRevocationSender')
  const { subjectOf, changes = CHANGES, dropped = () => undefined } = options
  if (typeof subjectOf !== 'function') {
    throw new SessionError('ERR_OPTION', 'globalTokenRevocationSender: subjectOf must be a function.')
  }
  const timing = toTiming(options.timing)
  const timeoutMs = toMs(options.timeout ?? '15s', 'globalTokenRevocationSender: timeout')
  const targets = toTargets(options, timing, timeoutMs)
  const pending = new Set<Promise<void>>()

  async function sendTo(target: Target, userId: string): Promise<void> {
    const subject = await within(timeoutMs, timing, 'subjectOf', subjectOf(userId, target.url.href))
    if (subject === null) return
    const drop = await target.send('global-token-revocation', JSON.stringify({ sub_id: subject }))
    if (drop === null) return
    const { reason, url, status } = drop
    await within(timeoutMs, timing, 'dropped', Promise.resolve(dropped({ reason, url, userId, status })))
  }

  function revoke(userId: string): Promise<void> {
    const sending = Promise.all(targets.map((target) => sendTo(target, userId))).then(() => undefined)
    pending.add(sending)
    const done = (): void => void pending.delete(sending)
    sending.then(done, done)
    return sending
  }

  // A rejection, such as that of `subjectOf`, becomes a `fault`.
  const stop = sessions.on('account', ({ change, userId }) => (changes.includes(change) ? revoke(userId) : undefined))
  return {
    async revoke(userId) {
      assertUserId(userId)
      await revoke(userId)
    },
    async flush() {
      const counts = await Promise.all(targets.map((target) => target.flush()))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    async close() {
      stop()
      await Promise.all(targets.map((target) => target.close()))
      await Promise.allSettled(pending)
    },
  }
}

function toTargets(options: GlobalTokenRevocationSenderOptions, timing: Timing, timeoutMs: number): readonly Target[] {
  const { endpoints, insecureHttp = false } = options
  const where = 'globalTokenRevocationSender'
  if (!Array.isArray(endpoints) || endpoints.length === 0) {
    throw new SessionError('ERR_OPTION', `${where}: endpoints must be a list with at least one endpoint.`)
  }
  const parts = { ...toRetries(options, where), maxWaiting: MAX_WAITING, timing }
  const http: Http = { timing, insecureHttp, fetch: options.fetch ?? ((...args) => fetch(...args)) }
  return endpoints.map((endpoint: RevocationEndpoint, index) => {
    checkOptions(endpoint, { url: 'string', token: 'any' }, `${where}: endpoints[${index}]`)
    const url = demandUrl(endpoint.url, `${where}: endpoints[${index}]: url`, insecureHttp)
    const { token } = endpoint
    if (typeof token !== 'function' && (typeof token !== 'string' || token === '')) {
      throw new SessionError('ERR_OPTION', `${where}: endpoints[${index}]: token must be a text or a function.`)
    }
    const send = (message: Message) => post(http, url, token, timeoutMs, message)
    return { ...createDelivery({ ...parts, url, timeoutMs, post: send }), url }
  })
}

/** Sends a request once. Never throws. A user whom the other system does not know (404) has nothing there to end. */
async function post(
  http: Http,
  url: URL,
  token: RevocationEndpoint['token'],
  timeoutMs: number,
  { body }: Message,
): Promise<Attempt> {
  try {
    const shown = typeof token === 'string' ? token : await within(timeoutMs, http.timing, 'token', token())
    const authorization = `Bearer ${shown}`
    const headers = { 'content-type': 'application/json', authorization }
    const init = { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer>, timeoutMs }
    return await send(http, url, init, async (response): Promise<Attempt> => {
      const { status, headers } = response
      if ((status >= 200 && status < 300) || status === 404) return { kind: 'delivered', status }
      if (status === 410) return { kind: 'gone', status }
      return {
        kind: 'failed',
        status: status === 0 ? null : status,
        retryAfterMs: toRetryMs(headers.get('retry-after')),
      }
    })
  } catch {
    return { kind: 'failed', status: null, retryAfterMs: 0 }
  }
}
