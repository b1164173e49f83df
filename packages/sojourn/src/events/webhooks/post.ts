import { type Timing, within } from '../../stores/around/wrapper.ts'
import { toRetryMs } from './retry-after.ts'
import { sign } from './signature.ts'

/** Where and how messages are posted. */
export interface Endpoint {
  readonly url: URL
  readonly secrets: readonly Uint8Array[]
  readonly timeoutMs: number
  readonly timing: Timing
  readonly fetch: typeof fetch
}

/** What became of one request. `gone`: the endpoint wants no more messages. */
export type Attempt =
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'failed'; readonly status: number | null; readonly retryAfterMs: number }
  | { readonly kind: 'gone'; readonly status: number | null }

/** Sends a message once. The time in the signature is that of the attempt, so a late one is not too old. Never throws. */
export async function post(
  { url, secrets, timeoutMs, timing, fetch: send }: Endpoint,
  { id, body }: { readonly id: string; readonly body: Uint8Array },
): Promise<Attempt> {
  const seconds = Math.floor(timing.wall() / 1000)
  const controller = new AbortController()
  try {
    const sent = send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'sojourn-webhooks',
        'webhook-id': id,
        'webhook-timestamp': `${seconds}`,
        'webhook-signature': sign(secrets, id, seconds, body),
      },
      body: body as Uint8Array<ArrayBuffer>,
      // A redirect could lead into a private network.
      redirect: 'manual',
      signal: controller.signal,
    })
    // A fetch of the application's may not know the signal.
    const response = await within(timeoutMs, timing, 'webhooks: the endpoint', sent)
    // Nothing of the answer is used, and it may never end or be broken already.
    void response.body?.cancel().catch(() => undefined)
    const { status, headers } = response
    if (status >= 200 && status < 300) return { kind: 'delivered', status }
    if (status === 410) return { kind: 'gone', status }
    return { kind: 'failed', status: status === 0 ? null : status, retryAfterMs: toRetryMs(headers.get('retry-after')) }
  } catch {
    controller.abort()
    return { kind: 'failed', status: null, retryAfterMs: 0 }
  }
}
