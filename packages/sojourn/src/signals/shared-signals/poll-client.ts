import { checkOptions } from '../../core/contracts/check-options.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { attempt } from '../../core/lib/maybe.ts'
import { demandUrl } from '../../events/webhooks/url.ts'
import { type Http, MAX_BYTES, readJson, send } from '../_http.ts'
import { isObject } from './events.ts'
import type { SignalVerdict } from './set.ts'
import { createStreamClient } from './stream-client.ts'
import type { Trusted } from './trusted.ts'

export interface PollOptions {
  /** The `endpoint_url` that the transmitter gave to the stream. Default: that of its one poll stream. */
  readonly endpoint?: string
  /** How many events to ask for at once. Default 50. */
  readonly maxEvents?: number
  /** Receives why the transmitter could not be asked. It is asked again, after a growing pause of at most a minute. Default: nobody. */
  readonly onError?: (error: unknown) => unknown
}

/** A poll that runs. */
export interface Polling {
  /** Stops, and tells the transmitter what arrived. */
  close(): Promise<void>
}

/** Transmitters hold a request open until there are events. */
const LONG_MS = 120_000
const SHORT_MS = 10_000
/** If a transmitter does not hold requests open. */
const IDLE_MS = 500
const LONGEST_PAUSE_MS = 60_000

/** A transmitter chooses each `jti`, also one that has a meaning in an object. */
interface Replies {
  readonly ack: string[]
  readonly setErrs: Map<string, { readonly err: string; readonly description: string }>
}

const noReplies = (): Replies => ({ ack: [], setErrs: new Map() })

export function createPolling(
  from: Trusted,
  http: Http,
  receive: (text: string) => Promise<SignalVerdict>,
  options: PollOptions = {},
): Polling {
  checkOptions(options, { endpoint: 'string', maxEvents: 'number', onError: 'function' }, 'poll')
  const { maxEvents = 50 } = options
  const onError = (error: unknown): void => attempt(() => options.onError?.(error), printError)
  const closing = new AbortController()
  let endpoint =
    options.endpoint === undefined ? null : demandUrl(options.endpoint, 'poll: endpoint', http.insecureHttp)
  let replies = noReplies()
  /** What was accepted in the last round. */
  let known: readonly string[] = []

  async function ask(last: boolean): Promise<Readonly<Record<string, unknown>>> {
    endpoint ??= await findEndpoint(from, http)
    const told = replies
    const body = JSON.stringify({
      ack: told.ack,
      setErrs: Object.fromEntries(told.setErrs),
      ...(last ? { maxEvents: 0 } : { maxEvents }),
      returnImmediately: last,
    })
    const init = {
      method: 'POST',
      headers: { ...(await from.headers()), 'content-type': 'application/json', accept: 'application/json' },
      body,
      timeoutMs: last ? SHORT_MS : LONG_MS,
      ...(!last && { signal: closing.signal }),
    }
    const found = await send(http, endpoint, init, async (response) =>
      response.status === 200 ? readJson(response, 8 * MAX_BYTES) : response.status,
    )
    if (!isObject(found) || !isObject(found.sets)) {
      throw new SessionError('ERR_EVENTS', `The transmitter ${from.issuer} answered a poll with ${toStatus(found)}.`)
    }
    // Replies that were not delivered are sent again.
    if (replies === told) replies = noReplies()
    return found.sets
  }

  /** Resolves with the time to wait before the next poll. */
  async function round(): Promise<number> {
    const startedAt = http.timing.uptime()
    const sets = Object.entries(await ask(false))
    const accepted: string[] = []
    let wait = 0
    for (const [jti, text] of sets) {
      const verdict: SignalVerdict = await receive(typeof text === 'string' ? text : '')
      if (verdict.kind === 'accepted') accepted.push(jti)
      else if (verdict.kind === 'refused') {
        replies.setErrs.set(jti, { err: verdict.err, description: verdict.description })
      } else wait = Math.max(wait, verdict.retryAfterSeconds * 1000)
    }
    replies.ack.push(...accepted)
    // A transmitter that ignores what it is told answers at once with the same again.
    const isNews = accepted.some((jti) => !known.includes(jti))
    known = accepted
    return isNews ? wait : Math.max(wait, IDLE_MS - (http.timing.uptime() - startedAt))
  }

  async function run(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; ) {
      let wait = 0
      try {
        wait = await round()
        failures = 0
      } catch (error) {
        if (closing.signal.aborted) break
        onError(error)
        failures = Math.min(failures + 1, 8)
        wait = Math.min(IDLE_MS * 2 ** failures, LONGEST_PAUSE_MS)
      }
      if (wait > 0) await pause(wait)
    }
    if (replies.ack.length > 0 || replies.setErrs.size > 0) await ask(true).catch(onError)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = (): void => {
        cancel()
        closing.signal.removeEventListener('abort', stop)
        resolve()
      }
      const cancel = http.timing.after(ms, stop, 'background')
      closing.signal.addEventListener('abort', stop)
    })
  }

  const running = run()
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}

function printError(error: unknown): void {
  console.error('sharedSignalsReceiver: poll', error)
}

function toStatus(found: unknown): string {
  return typeof found === 'number' ? `status ${found}` : 'no events'
}

async function findEndpoint(from: Trusted, http: Http): Promise<URL> {
  const streams = await createStreamClient(from, http).list()
  const polled = streams.filter(({ delivery }) => delivery.method === 'urn:ietf:rfc:8936')
  const [only, ...others] = polled
  if (only !== undefined && others.length === 0) {
    return demandUrl(only.delivery.endpoint_url, 'endpoint_url of the stream', http.insecureHttp)
  }
  throw new SessionError('ERR_OPTION', `${from.issuer} has ${polled.length} poll streams. Pass endpoint to poll.`)
}
