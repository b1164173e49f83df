import { type Http, MAX_BYTES, readJson, send } from '../_http.ts'
import { isObject } from './events.ts'
import { PUSH, type Stream, type StreamStore, type Waiting } from './stream-store.ts'

/** What a transmitter could not deliver. */
export interface SignalProblem {
  /** `refused`: the receiver answered that the event is wrong. `full`: too many wait. `paused`: the receiver did not answer for long. */
  readonly kind: 'refused' | 'full' | 'paused'
  readonly receiver: string
  readonly jti: string | null
  /** The receiver's error code, or the last status. */
  readonly reason: string | null
}

export interface DeliveryParts {
  readonly streams: StreamStore
  readonly http: Http
  readonly attempts: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  readonly sign: (stream: Stream, event: Waiting) => Promise<string>
  readonly onProblem: (problem: SignalProblem) => void
  /** Whether the options still allow to send events to the stream. */
  readonly isServed: (stream: Stream) => boolean
}

const TIMEOUT_MS = 15_000
/** How long a process has for one attempt. Longer than the time limit, so that two do not try at once. */
export const CLAIM_MS = 30_000

/** `authentication_failed` and `access_denied` can be mended at the receiver, and everything else that is refused cannot. */
const MENDABLE = ['authentication_failed', 'access_denied']

type Attempt =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly err: string }
  | { readonly kind: 'failed'; readonly reason: string }

export interface Delivery {
  /** Tries once. The caller has claimed the event. */
  push(stream: Stream, event: Waiting): Promise<void>
  /** Tries what is due, in the order of the events. */
  tryDue(): Promise<void>
}

/** Pushes what waits for a stream. An event is removed once the receiver has it, so a crash sends it again. */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { streams, http, onProblem } = parts
  const { wall, random } = http.timing

  async function post(stream: Stream, event: Waiting): Promise<Attempt> {
    try {
      const init = {
        method: 'POST',
        headers: {
          'content-type': 'application/secevent+jwt',
          accept: 'application/json',
          ...(stream.authorization !== null && { authorization: stream.authorization }),
        },
        body: await parts.sign(stream, event),
        timeoutMs: TIMEOUT_MS,
      }
      return await send(http, stream.url, init, async (response) => {
        if (response.status >= 200 && response.status < 300) return { kind: 'done' }
        const body = await readJson(response, MAX_BYTES)
        const err = isObject(body) && typeof body.err === 'string' ? body.err : ''
        return response.status === 400 && err !== '' && !MENDABLE.includes(err)
          ? { kind: 'refused', err }
          : { kind: 'failed', reason: err || `status ${response.status}` }
      })
    } catch {
      return { kind: 'failed', reason: 'no answer' }
    }
  }

  async function push(stream: Stream, event: Waiting): Promise<void> {
    const result = await post(stream, event)
    if (result.kind === 'failed') return retry(stream, event, result.reason)
    await streams.done(stream, [event.jti])
    if (result.kind === 'refused') {
      onProblem({ kind: 'refused', receiver: stream.receiver, jti: event.jti, reason: result.err.slice(0, 100) })
    }
  }

  async function retry(stream: Stream, event: Waiting, reason: string): Promise<void> {
    const attempts = event.attempts + 1
    const isLast = attempts >= parts.attempts
    const pause = Math.min(parts.firstRetryMs * 4 ** (attempts - 1), parts.longestRetryMs) * (0.5 + random() / 2)
    // When the receiver enables the stream again, the event counts as new.
    const next = { ...event, attempts: isLast ? 0 : attempts, dueAt: isLast ? 0 : wall() + pause }
    await streams.claim(stream, event, next)
    if (!isLast) return
    await streams.change(stream.receiver, (now) =>
      now.id === stream.id && now.status === 'enabled' ? { ...now, status: 'paused', reason: 'No push arrives.' } : now,
    )
    onProblem({ kind: 'paused', receiver: stream.receiver, jti: event.jti, reason })
  }

  return {
    push,
    async tryDue() {
      const all = (await streams.all()).filter(parts.isServed)
      const due = all.filter(({ method, status }) => method === PUSH && status === 'enabled')
      await Promise.all(
        due.map(async (stream) => {
          for (const event of await streams.waiting(stream)) {
            if (event.dueAt > wall()) continue
            const claimed = { ...event, dueAt: wall() + CLAIM_MS }
            if (await streams.claim(stream, event, claimed)) await push(stream, claimed)
          }
        }),
      )
    },
  }
}
