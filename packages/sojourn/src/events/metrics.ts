/**
 * Metrics of sessions for Prometheus, in its text format.
 * @module sojourn/metrics
 */
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionListener } from '../core/contracts/events.ts'
import type { Health } from '../core/contracts/sessions.ts'
import type { Store } from '../core/contracts/store.ts'
import { COUNTERS, counterOf, createCounting } from './counts.ts'
import { type MeasuredStoreOptions, measured } from './measured-store.ts'
import { counterLines, createHistogram, gaugeLines, type Histogram, histogramLines, toKey } from './metrics/text.ts'

export type { MeasuredStoreOptions } from './measured-store.ts'

/** A store whose calls are timed. */
export interface MeasuredStore extends Store {
  readonly durations: Histogram
}

export interface SessionMetricsOptions {
  /** Stores that `measuredStore` returned, whose calls are reported. Those of one name are added up. */
  readonly stores?: readonly MeasuredStore[]
}

/** The result of `sessionMetrics`. */
export interface SessionMetrics {
  /** For the response: `text/plain; version=0.0.4; charset=utf-8`. */
  readonly contentType: string
  /** All metrics. Asks the store whether it answers, for at most a second. */
  text(): Promise<string>
  /** Stops counting. */
  stop(): void
}

/** What `sessionMetrics` needs of `sessions`. */
export interface CountedSessions {
  on(name: '*', listener: SessionListener<'*'>): () => void
  health(): Promise<Health>
}

/**
 * Counts events, and writes the counters as a page for Prometheus. No label contains an id, an address or a text of a client.
 *
 * ```ts
 * const metrics = sessionMetrics(sessions)
 * const page = await metrics.text()
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function sessionMetrics(sessions: CountedSessions, options: SessionMetricsOptions = {}): SessionMetrics {
  checkOptions(options, { stores: 'array' }, 'sessionMetrics')
  assertSessions(sessions, 'sessionMetrics')
  const { stores = [] } = options
  if (stores.some((store) => store.durations === undefined)) {
    throw new SessionError('ERR_OPTION', 'sessionMetrics: stores takes what measuredStore returned.')
  }
  const durations = new Set(stores.map((store) => store.durations))
  const toCount = createCounting()
  /** By the name of the counter, and then by its labels as they are written. A counter without labels begins at 0. */
  const counts = new Map(
    Object.values(COUNTERS).map(({ name, hasLabels }) => [name, new Map<string, number>(hasLabels ? [] : [['', 0]])]),
  )

  const stop = sessions.on('*', (event) => {
    const { name, labels } = toCount(event)
    const found = counts.get(name) ?? new Map<string, number>()
    counts.set(name, found)
    const key = toKey(labels)
    found.set(key, (found.get(key) ?? 0) + 1)
  })

  async function text(): Promise<string> {
    const { ok, latencyMs } = await sessions.health()
    const counters = [...counts].flatMap(([name, samples]) => counterLines(name, helpOf(name), samples))
    const lines = [
      ...counters,
      ...gaugeLines('store.up', 'Whether the store answers.', ok ? 1 : 0),
      ...gaugeLines('store.latency.seconds', 'How long the store took to answer this page.', latencyMs / 1000),
      ...(durations.size > 0
        ? histogramLines('store.operation.duration.seconds', 'How long calls of the store take.', durations)
        : []),
    ]
    return `${lines.join('\n')}\n`
  }

  return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text, stop }
}

function helpOf(name: string): string {
  return (Object.values(COUNTERS).find((counter) => counter.name === name) ?? counterOf('')).help
}

/**
 * The store, with a histogram of how long its calls take, for `sessionMetrics`. Put it around the store that you want to measure.
 *
 * ```ts
 * const store = measuredStore(memoryStore())
 * const metrics = sessionMetrics(createSessions({ store }), { stores: [store] })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function measuredStore(store: Store, options: MeasuredStoreOptions = {}): MeasuredStore {
  const durations = createHistogram()
  const timed = measured(store, options, ({ store: name, operation, seconds, errorType }) => {
    durations.observe({ store: name, operation, ...(errorType !== null && { error_type: errorType }) }, seconds)
  })
  return { ...timed, durations }
}
