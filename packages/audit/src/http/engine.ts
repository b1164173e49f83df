import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, SentRequest } from './exchange.ts'
import { sendOnce } from './wire.ts'

export interface EngineOptions {
  readonly target: URL
  /** The maximum number of requests per second. */
  readonly rate: number
  /** The maximum number of requests in total. */
  readonly cap: number
  readonly timeoutMs: number
  readonly insecureTls: boolean
  /** Other hosts that may receive requests, such as an identity provider. */
  readonly hosts?: readonly string[]
  readonly signal?: AbortSignal
  readonly onExchange?: (exchange: Exchange) => void
}

/** The audit has sent as many requests as it may. */
export class LimitReached extends Error {
  constructor(cap: number) {
    super(`the limit of ${cap} requests was reached; raise it with --max-requests`)
    this.name = 'LimitReached'
  }
}

export interface Engine {
  readonly target: URL
  readonly insecureTls: boolean
  /** Every exchange so far, unmasked. Bodies of old ones are dropped. */
  readonly exchanges: readonly Exchange[]
  /** Whether requests to this address are allowed. */
  isInScope(url: URL): boolean
  exchange(client: string, purpose: string, request: SentRequest): Promise<Exchange>
  /** From now on requests clean up: neither the limit nor an interruption stops them. */
  beginCleanUp(): void
}

const MAX_BODY_BYTES = 1_000_000
/** How long to wait if a server answers 429 without Retry-After. */
const BACK_OFF_MS = 1_000
const MOST_BACK_OFF_MS = 5_000

/** How long to wait for pending answers after an interruption: they may contain a session that must be ended. */
const LAST_ANSWER_MS = 3_000

/** Sends requests for all clients of one audit, enforces the limits, and records everything. */
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
    if (!isInScope(new URL(request.url)))
      throw new Error(`${new URL(request.url).host} is not part of this audit: the recipe can name it in hosts`)
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

/** Aborts this long after the other signal. */
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
