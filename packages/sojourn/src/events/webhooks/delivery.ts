import { toUtf8 } from '../../core/lib/bytes.ts'
import { createNonce } from '../../core/token/secrets.ts'
import type { Timing } from '../../stores/around/wrapper.ts'
import { createLanes } from './lanes.ts'
import type { Attempt } from './post.ts'
import type { Retries } from './retries.ts'

/** Messages that did not arrive, and will not be sent again. No message contains more than its event. */
export interface WebhookDrop {
  /**
   * `full`: too many messages wait for this endpoint. `attempts`: the last attempt failed. `gone`: the endpoint answered 410, and gets
   * no more messages. `closed`: `close` was called before the message arrived.
   */
  readonly reason: 'full' | 'attempts' | 'gone' | 'closed'
  /** The endpoint, without the query of its URL. */
  readonly url: string
  /** The `webhook-id`. */
  readonly id: string
  readonly type: string
  /** The status of the last answer; `null` if there was none. */
  readonly status: number | null
}

export interface DeliveryParts extends Retries {
  readonly url: URL
  readonly timing: Timing
  /** Sends a message once. Never throws. */
  readonly post: (message: Message) => Promise<Attempt>
  /** How long an answer may take. */
  readonly timeoutMs: number
}

/** Sends messages to one endpoint. */
export interface Delivery {
  /** Resolves with `null` when the message has arrived, or with the reason why it never will. */
  send(type: string, body: string): Promise<WebhookDrop | null>
  /** Tries everything that waits at once. Resolves with the number of messages that did not arrive. */
  flush(): Promise<number>
  /** Tries everything that waits a last time, as far as requests can begin within the time that an answer may take. */
  close(): Promise<void>
}

/** Requests to one endpoint at a time. */
const PARALLEL = 4

export interface Message {
  readonly id: string
  readonly type: string
  readonly body: Uint8Array
}

export function createDelivery(parts: DeliveryParts): Delivery {
  const { url, maxWaiting, timeoutMs, timing } = parts
  const shownUrl = `${url.origin}${url.pathname}`
  const running = new Set<Promise<Attempt>>()
  /** Ends the pause of a message. */
  const sleeping = new Set<() => void>()
  const lanes = createLanes(PARALLEL)
  let waiting = 0
  let isClosed = false
  let isGone = false
  /** `close` has waited long enough: no further request begins. */
  let isLate = false

  function dropped({ id, type }: Message, reason: WebhookDrop['reason'], status: number | null): WebhookDrop {
    return { reason, url: shownUrl, id, type, status }
  }

  function attempt(message: Message): Promise<Attempt> {
    return lanes(async () => {
      if (isGone) return { kind: 'gone', status: null }
      return isLate ? { kind: 'failed', status: null, retryAfterMs: 0 } : parts.post(message)
    })
  }

  async function deliver(message: Message): Promise<WebhookDrop | null> {
    for (let count = 1; ; count++) {
      const isLast = count >= parts.attempts || isClosed
      const trying = attempt(message)
      running.add(trying)
      const result = await trying.finally(() => running.delete(trying))
      if (result.kind === 'delivered') return null
      if (result.kind === 'gone') {
        isGone = true
        return dropped(message, 'gone', result.status)
      }
      if (isLast) return dropped(message, isClosed && count < parts.attempts ? 'closed' : 'attempts', result.status)
      await pause(Math.max(retryMs(count), result.retryAfterMs))
    }
  }

  /** Grows by four each time. Random, so that the messages of an outage do not all come back at the same moment. */
  function retryMs(count: number): number {
    const { firstRetryMs, longestRetryMs } = parts
    return Math.min(firstRetryMs * 4 ** (count - 1), longestRetryMs) * (0.5 + timing.random() / 2)
  }

  function pause(ms: number): Promise<void> {
    if (isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        sleeping.delete(wake)
        cancel()
        resolve()
      }
      const cancel = timing.after(ms, wake, 'background')
      sleeping.add(wake)
    })
  }

  /** Resolves with the number of messages that did not arrive. */
  async function tryAll(): Promise<number> {
    for (const wake of [...sleeping]) wake()
    // A message that wakes begins its attempt in a later turn.
    await Promise.resolve()
    const results = await Promise.all(running)
    return results.filter(({ kind }) => kind !== 'delivered').length
  }

  return {
    async send(type, body) {
      const message = { id: `msg_${createNonce()}`, type, body: toUtf8(body) }
      if (isClosed) return dropped(message, 'closed', null)
      if (isGone) return dropped(message, 'gone', null)
      if (waiting >= maxWaiting) return dropped(message, 'full', null)
      waiting += 1
      return deliver(message).finally(() => {
        waiting -= 1
      })
    },
    flush: tryAll,
    async close() {
      isClosed = true
      const cancel = timing.after(timeoutMs, () => {
        isLate = true
      })
      while (waiting > 0) await tryAll()
      cancel()
    },
  }
}
