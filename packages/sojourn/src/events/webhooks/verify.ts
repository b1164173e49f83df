import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Store } from '../../core/contracts/store.ts'
import { fromUtf8, toUtf8 } from '../../core/lib/bytes.ts'
import { once } from '../../core/token/once.ts'
import { isSigned, toSecrets } from './signature.ts'

export interface VerifyWebhookOptions {
  /** The secret, or several while it is being replaced: `whsec_` and base64. */
  readonly secret: string | readonly string[]
  /** How far the time of the message and of this server may differ, from 0 to a year. Default 300. */
  readonly toleranceSeconds?: number
  /**
   * Accepts each message once, in every process that shares the store. Default: a message can be repeated while its time is within
   * the tolerance, so the receiver has to look at `id`.
   */
  readonly store?: Store
  /** Ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number
}

/** A message as it was sent. */
export interface WebhookMessage {
  readonly type: string
  /** When the event happened, ISO 8601. */
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

/** `id` is the same for each attempt to deliver a message. */
export type WebhookVerdict =
  | { readonly ok: true; readonly id: string; readonly message: WebhookMessage }
  | { readonly ok: false; readonly reason: 'headers' | 'signature' | 'old' | 'early' | 'repeated' | 'body' }

/** Headers as a `Headers` object or as Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

const ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/
const SECONDS = /^\d{1,12}$/

/**
 * For receivers: checks a message by the Standard Webhooks specification (`v1`, HMAC-SHA-256). `body` is the body as it was
 * received, before it is parsed. Answer 401 if it is not `ok`, but 200 if the reason is `repeated`, because the message arrived.
 *
 * ```ts
 * const verdict = await verifyWebhook(request.headers, await request.text(), { secret })
 * ```
 *
 * Rejects with `ERR_OPTION`, and with `ERR_STORE` if the store of `store` cannot answer: answer 503 then, and the sender tries again.
 */
export async function verifyWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array,
  options: VerifyWebhookOptions,
): Promise<WebhookVerdict> {
  checkOptions(
    options,
    { secret: 'any', toleranceSeconds: 'number', store: 'object', clock: 'function' },
    'verifyWebhook',
  )
  const { secret, toleranceSeconds = 300, store, clock = Date.now } = options
  if (!(toleranceSeconds >= 0 && toleranceSeconds <= LONGEST_TOLERANCE_SECONDS))
    throw new SessionError(
      'ERR_OPTION',
      'verifyWebhook: toleranceSeconds must be a number from 0 to 31,536,000 (a year).',
    )
  const secrets = toSecrets(secret, 'verifyWebhook')
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new SessionError(
      'ERR_OPTION',
      'verifyWebhook takes the body as it was received: a text or bytes, not a parsed object.',
    )
  }
  const bytes = typeof body === 'string' ? toUtf8(body) : body
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    read(headers, name),
  )
  if (!id || !timestamp || !signature || !ID.test(id) || !SECONDS.test(timestamp))
    return { ok: false, reason: 'headers' }
  if (!isSigned(secrets, signature, id, timestamp, bytes)) return { ok: false, reason: 'signature' }
  const ageSeconds = clock() / 1000 - Number(timestamp)
  if (!(ageSeconds <= toleranceSeconds)) return { ok: false, reason: 'old' }
  if (!(ageSeconds >= -toleranceSeconds)) return { ok: false, reason: 'early' }
  const message = parse(bytes)
  if (message === null) return { ok: false, reason: 'body' }
  // Nobody can send the message again after its time is out of the tolerance, except its sender, with a new time.
  const until = Math.max(clock() + REMEMBERED_MS, (Number(timestamp) + toleranceSeconds + 1) * 1000)
  if (store !== undefined && !(await once(store, `webhook:${id}`, until, clock)))
    return { ok: false, reason: 'repeated' }
  return { ok: true, id, message }
}

/** Longer than a sender tries to deliver a message. */
const REMEMBERED_MS = 3 * 86_400_000
/** Without an end, ids would have to be kept forever. */
const LONGEST_TOLERANCE_SECONDS = 31_536_000

function read(headers: WebhookHeaders, name: string): string | null {
  // Some platforms pass the names as the sender wrote them.
  const [value, ...others]: unknown[] =
    typeof headers.get === 'function'
      ? [headers.get(name)]
      : Object.entries(headers).flatMap(([each, text]) => (each.toLowerCase() === name ? [text] : []))
  return typeof value === 'string' && others.length === 0 ? value : null
}

function parse(bytes: Uint8Array): WebhookMessage | null {
  try {
    const { type, timestamp, data } = JSON.parse(fromUtf8(bytes)) as Partial<WebhookMessage>
    const isMessage =
      typeof type === 'string' && typeof timestamp === 'string' && typeof data === 'object' && data !== null
    return isMessage ? { type, timestamp, data } : null
  } catch {
    return null
  }
}
