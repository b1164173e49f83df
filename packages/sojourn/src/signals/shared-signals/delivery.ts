import { createLanes, type Lanes } from '../../events/webhooks/lanes.ts'
import { LONGEST_ASKED_MS, toRetryMs } from '../../events/webhooks/retry-after.ts'
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
  /** No further push begins. What waits is pushed by the next process. */
  readonly isOver: () => boolean
}

const TIMEOUT_MS = 15_000
/** How long a process has for one attempt. Longer than the time limit, so that two do not try at once. */
const CLAIM_MS = 30_000
/** Pushes that this process has begun for one receiver. Further ones are found when they are due: a receiver that stalls must not fill the memory. */
const MOST_BEGUN = 1000
/** Pushes to one receiver at a time, by this process. After thousands of sessions ended, it must not get thousands of requests. */
const PARALLEL = 4

/** `authentication_failed` and `access_denied` can be mended at the receiver, and everything else that is refused cannot. */
const MENDABLE = ['authentication_failed', 'access_denied']

type Attempt =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly err: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number }

export interface Delivery {
  /** Tries once, when it is the event's turn, unless another process does. */
  push(stream: Stream, event: Waiting): Promise<void>
  /** Tries what is due, in the order of the events. */
  tryDue(): Promise<void>
}

/** Pushes what waits for a stream. An event is removed once the receiver has it, so a crash sends it again. */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { streams, http, onProblem } = parts
  const { wall, random } = http.timing
  /** By receiver. `begun`: the events that wait for their turn, or are being pushed. */
  const lines = new Map<string, { readonly lanes: Lanes; readonly begun: Set<string> }>()
  /** The longest that a try is put off. */
  const longestMs = Math.max(parts.longestRetryMs, LONGEST_ASKED_MS)
  let isLooking = false

  function lineOf(receiver: string): { readonly lanes: Lanes; readonly begun: Set<string> } {
    const found = lines.get(receiver) ?? { lanes: createLanes(PARALLEL), begun: new Set() }
    lines.set(receiver, found)
    return found
  }

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
          : {
              kind: 'failed',
              reason: err || `status ${response.status}`,
              retryAfterMs: toRetryMs(response.headers.get('retry-after')),
            }
      })
    } catch {
      return { kind: 'failed', reason: 'no answer', retryAfterMs: 0 }
    }
  }

  async function push(stream: Stream, event: Waiting): Promise<void> {
    const { lanes, begun } = lineOf(stream.receiver)
    if (begun.has(event.jti) || begun.size >= MOST_BEGUN) return
    begun.add(event.jti)
    await lanes(() => pushNow(stream, event)).finally(() => begun.delete(event.jti))
  }

  /** The stream may have been paused or changed, and the event dropped or pushed, while it waited for its turn. */
  async function pushNow({ id, receiver }: Stream, waiting: Waiting): Promise<void> {
    if (parts.isOver()) return
    const stream = await streams.of(receiver)
    if (stream === null || stream.id !== id || !isPushed(stream)) return
    const event = { ...waiting, dueAt: wall() + CLAIM_MS }
    if (!(await streams.claim(stream, waiting, event))) return
    const result = await post(stream, event)
    if (result.kind === 'failed') return retry(stream, event, result)
    await streams.done(stream, [event.jti])
    if (result.kind === 'refused') {
      onProblem({ kind: 'refused', receiver: stream.receiver, jti: event.jti, reason: result.err.slice(0, 100) })
    }
  }

  async function retry(
    stream: Stream,
    event: Waiting,
    { reason, retryAfterMs }: Extract<Attempt, { readonly kind: 'failed' }>,
  ): Promise<void> {
    const attempts = event.attempts + 1
    const isLast = attempts >= parts.attempts
    const growing = Math.min(parts.firstRetryMs * 4 ** (attempts - 1), parts.longestRetryMs) * (0.5 + random() / 2)
    const pause = Math.max(growing, retryAfterMs)
    // When the receiver enables the stream again, the event counts as new.
    const next = { ...event, attempts: isLast ? 0 : attempts, dueAt: isLast ? 0 : wall() + pause }
    await streams.claim(stream, event, next)
    if (!isLast) return
    let isPaused = false
    await streams.change(stream.receiver, (now) => {
      isPaused = now.id === stream.id && now.status === 'enabled'
      return isPaused ? { ...now, status: 'paused', reason: 'No push arrives.' } : now
    })
    if (isPaused) onProblem({ kind: 'paused', receiver: stream.receiver, jti: event.jti, reason })
  }

  /** A time that is too far ahead was written while the clock was. */
  function isDue({ dueAt }: Waiting): boolean {
    return dueAt <= wall() || dueAt > wall() + longestMs
  }

  async function findDue(): Promise<readonly (readonly [Stream, Waiting])[]> {
    const pushed = (await streams.all()).filter(isPushed)
    const found = pushed.map(async (stream) => {
      const due = (await streams.waiting(stream)).filter(isDue)
      return due.map((event) => [stream, event] as const)
    })
    return (await Promise.all(found)).flat()
  }

  function isPushed(stream: Stream): boolean {
    return stream.method === PUSH && stream.status === 'enabled' && parts.isServed(stream)
  }

  return {
    push,
    async tryDue() {
      // With a slow store, looks must not pile up.
      if (isLooking) return
      isLooking = true
      const found = await findDue().finally(() => {
        isLooking = false
      })
      await Promise.all(found.map(([stream, event]) => push(stream, event)))
    },
  }
}
