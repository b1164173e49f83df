import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, SentRequest } from './exchange.ts'
import { sendOnce } from './wire.ts'

export interface EngineOptions {
  readonly target: URL
  /** Requests a second, at most. */
  readonly rate: number
  /** Requests in all, at most. */
  readonly cap: number
  readonly timeoutMs: number
  readonly insecureTls: boolean
  /** Hosts beside the target's that may be sent to: an identity provider, say. */
  readonly hosts?: readonly string[]
  readonly signal?: AbortSignal
  readonly onExchange?: (exchange: Exchange) => void
}

/** The audit has sent as many requests as it may. */
export class LimitReached extends Error {
  constructor(cap: number) {
    super(`the limit of ${cap} requests was reached; --max-requests raises it`)
    this.name = 'LimitReached'
  }
}

export interface Engine {
  readonly target: URL
  readonly insecureTls: boolean
  /** Every exchange so far, as it was. Bodies of old ones are dropped. */
  readonly exchanges: readonly Exchange[]
  /** Whether requests to this address may be sent at all. */
  isInScope(url: URL): boolean
  exchange(client: string, purpose: string, request: SentRequest): Promise<Exchange>
  /** From now on requests are for clearing up: neither limit nor interruption stops them. */
  beginCleanUp(): void
}

const MAX_BODY_BYTES = 1_000_000
/** How long to hold back when a server says 429 without saying how long. */
const BACK_OFF_MS = 1_000
const MOST_BACK_OFF_MS = 5_000

/** For the answer to what is under way when the audit is interrupted: it may hold a session, which is then to be ended. */
const LAST_ANSWER_MS = 3_000

/** Sends for all clients of one audit, keeps the limits, and remembers everything. */
export function createEngine(options: EngineOptions): Engine {
  const exchanges: Exchange[] = []
  const hosts = new Set([options.target.hostname, ...(options.hosts ?? [])])
  let cleaning = false
  let next = 0

  async function waitForRate(): Promise<void> {
    if (!cleaning) {
      options.signal?.throwIfAborted()
      if (exchanges.length >= options.cap) throw new LimitReached(options.cap)
    }
    const now = performance.now()
    next = Math.max(next, now) + 1000 / options.rate
    const wait = next - 1000 / options.rate - now
    if (wait > 1) await sleep(wait)
  }

  async function attempt(request: SentRequest): Promise<Pick<Exchange, 'response' | 'fault'>> {
    const { timeoutMs, insecureTls } = options
    const interruption = cleaning || options.signal === undefined ? null : later(options.signal, LAST_ANSWER_MS)
    const { signal } = interruption ?? {}
    try {
      const wire = { timeoutMs, insecureTls, maxBodyBytes: MAX_BODY_BYTES, ...(signal && { signal }) }
      return { response: await sendOnce(request, wire), fault: null }
    } catch (error) {
      signal?.throwIfAborted()
      return { response: null, fault: error instanceof Error ? error.message : String(error) }
    } finally {
      interruption?.forget()
    }
  }

  async function exchange(client: string, purpose: string, request: SentRequest): Promise<Exchange> {
    if (!isInScope(new URL(request.url))) throw new Error(`${new URL(request.url).host} is not what is audited`)
    await waitForRate()
    const startedAt = Date.now()
    const began = performance.now()
    const { response, fault } = await attempt(request)
    const durationMs = Math.round(performance.now() - began)
    const number = exchanges.length + 1
    const done: Exchange = { number, client, purpose, startedAt, durationMs, request, response, fault }
    exchanges.push(done)
    options.onExchange?.(done)
    if (response?.status === 429) next = performance.now() + backOff(response.headers)
    return done
  }

  const isInScope = (url: URL) => /^https?:$/.test(url.protocol) && hosts.has(url.hostname)

  return {
    target: options.target,
    insecureTls: options.insecureTls,
    exchanges,
    isInScope,
    exchange,
    beginCleanUp() {
      cleaning = true
    },
  }
}

/** Aborted so much later than another. */
function later(signal: AbortSignal, ms: number): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => controller.abort(signal.reason), ms)
  }
  signal.addEventListener('abort', begin, { once: true })
  return {
    signal: controller.signal,
    forget() {
      signal.removeEventListener('abort', begin)
      clearTimeout(timer)
    },
  }
}

function backOff(headers: readonly (readonly [string, string])[]): number {
  const seconds = Number(headers.find(([name]) => name === 'retry-after')?.[1])
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, MOST_BACK_OFF_MS) : BACK_OFF_MS
}
