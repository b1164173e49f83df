/**
 * Metrics and traces of sessions, through the API of OpenTelemetry.
 * @module sojourn/telemetry
 */
import {
  type Attributes,
  type Counter,
  context,
  diag,
  type Histogram,
  isSpanContextValid,
  type Meter,
  type MeterProvider,
  metrics,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { assertSessions } from '../core/contracts/assert-sessions.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import type { SessionEvent } from '../core/contracts/events.ts'
import type { Exchange } from '../core/contracts/exchange.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise, Store } from '../core/contracts/store.ts'
import { settle } from '../core/lib/maybe.ts'
import { counterOf, createCounting } from './counts.ts'
import { type MeasuredStoreOptions, measured } from './measured-store.ts'
import { createPseudonyms } from './pseudonyms.ts'

export type { MeasuredStoreOptions } from './measured-store.ts'

export interface TelemetryOptions {
  /**
   * Whether events on spans have `session.id`, the public id of the session. Default `false`: it is personal data. Metrics never
   * have it.
   */
  readonly sessionId?: boolean
  /**
   * A secret of 32 bytes or more. Events on spans then have `enduser.pseudo.id`, a keyed hash of the user id. Default: no user.
   */
  readonly pseudonymKey?: string | Uint8Array
}

const SCOPE = 'sojourn'

/**
 * Counts every event, adds events to the active span, and makes spans when a session is loaded and committed. Returns the
 * sessions to use in place of the given ones. Without an SDK, nothing is recorded. The SDK may be started before or after.
 *
 * ```ts
 * export const sessions = telemetry(createSessions({ store: measuredStore(memoryStore()) }))
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function telemetry<Data extends object>(
  sessions: Sessions<Data>,
  options: TelemetryOptions = {},
): Sessions<Data> {
  checkOptions(options, { sessionId: 'boolean', pseudonymKey: 'any' }, 'telemetry')
  assertSessions(sessions, 'telemetry')
  const { sessionId = false, pseudonymKey } = options
  const toPseudonym = pseudonymKey === undefined ? null : createPseudonyms(pseudonymKey, 'telemetry: pseudonymKey')
  const toCount = createCounting()
  const count = createCounters()

  sessions.on('*', (event) => {
    const { name, labels } = toCount(event)
    const attributes = toAttributes(labels)
    count(event.type, attributes)
    const span = trace.getActiveSpan()
    if (span?.isRecording() !== true) return
    span.addEvent(`${SCOPE}.${name}`, {
      ...attributes,
      ...(sessionId && idsOf(event)),
      ...(toPseudonym && userOf(event, toPseudonym)),
    })
  })

  function open(view: Parameters<Sessions<Data>['open']>[0]): MaybePromise<Exchange<Data>> {
    return inSpan(
      'session.load',
      { 'sojourn.store': sessions.store.name },
      () => sessions.open(view),
      (span, { session }) => span.setAttribute('sojourn.outcome', outcomeOf(session)),
      withCommitSpan,
    )
  }

  return { ...sessions, open }
}

/**
 * The store, with a histogram of how long each call takes: `sojourn.store.operation.duration`. Put it around the store that you want
 * to measure: inside a near cache it measures the server, around the near cache both.
 *
 * ```ts
 * const store = measuredStore(memoryStore())
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function measuredStore(store: Store, options: MeasuredStoreOptions = {}): Store {
  const histogramOf = forProvider((meter) =>
    meter.createHistogram(`${SCOPE}.store.operation.duration`, {
      unit: 's',
      description: 'How long a call of the store takes.',
      advice: {
        explicitBucketBoundaries: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      },
    }),
  )
  return measured(store, options, ({ store: name, operation, seconds, errorType }) => {
    quietly(() =>
      histogramOf().record(seconds, {
        'sojourn.store': name,
        'sojourn.operation': operation,
        ...(errorType !== null && { 'error.type': errorType }),
      }),
    )
  })
}

function withCommitSpan<Data extends object>(exchange: Exchange<Data>): Exchange<Data> {
  const commit = (status?: number): ReturnType<Exchange<Data>['commit']> =>
    inSpan('session.commit', {}, () => exchange.commit(status))
  const { session, answer, recheck, salvage, finish } = exchange
  return { session, answer, recheck, commit, salvage, finish }
}

/** Runs `work` in a span. Errors of the store are errors of the span; a refused token is none. */
function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => MaybePromise<T>,
  describe: (span: Span, value: T) => void = () => undefined,
  wrap: (value: T) => T = (value) => value,
): MaybePromise<T> {
  const span = quietly(() => trace.getTracer(SCOPE).startSpan(name, { attributes }))
  // Without an SDK. A span that is not sampled has a context: without it, the calls of a driver would begin traces of their own.
  if (span === undefined || !isSpanContextValid(span.spanContext())) return work()
  return settle(
    () => context.with(trace.setSpan(context.active(), span), work),
    (value) => {
      quietly(() => describe(span, value))
      quietly(() => span.end())
      return wrap(value)
    },
    (error) => {
      quietly(() => {
        span.setAttribute('error.type', errorTypeOf(error))
        span.setAttribute('sojourn.outcome', 'error')
        span.setStatus({ code: SpanStatusCode.ERROR })
      })
      quietly(() => span.end())
      throw error
    },
  )
}

/** A processor, a sampler or an exporter of the application can throw, and must change no session. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    diag.error('sojourn: telemetry failed', error)
    return undefined
  }
}

function errorTypeOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : '_OTHER'
}

function outcomeOf({ refused, isNew }: { readonly refused: string | null; readonly isNew: boolean }): string {
  if (refused === null) return isNew ? 'none' : 'hit'
  if (refused === 'unknown') return 'miss'
  return refused === 'expired' || refused === 'ended' ? refused : 'invalid'
}

function toAttributes(labels: Readonly<Record<string, string>>): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([label, word]) => [`${SCOPE}.${label}`, word]))
}

function idsOf(event: SessionEvent): Attributes {
  const { id, replaced } = event as { id?: string | null; replaced?: string | null }
  return {
    ...(typeof id === 'string' && { 'session.id': id }),
    ...(typeof replaced === 'string' && { 'session.previous_id': replaced }),
  }
}

function userOf(event: SessionEvent, toPseudonym: (userId: string) => string): Attributes {
  const { userId } = event as { userId?: string | null }
  return typeof userId === 'string' ? { 'enduser.pseudo.id': toPseudonym(userId) } : {}
}

/** One counter for each name. */
function createCounters(): (type: string, attributes: Attributes) => void {
  const countersOf = forProvider((meter) => ({ meter, all: new Map<string, Counter>() }))
  return (type, attributes) => {
    const { meter, all } = countersOf()
    const { name, unit, help } = counterOf(type)
    const counter = all.get(name) ?? meter.createCounter(`${SCOPE}.${name}`, { unit, description: help })
    all.set(name, counter)
    counter.add(1, attributes)
  }
}

/**
 * What `create` makes for the present provider. An instrument that was made before the SDK started would count nothing, because
 * the API does not hand meters on.
 */
function forProvider<T extends Histogram | object>(create: (meter: Meter) => T): () => T {
  let made: { readonly provider: MeterProvider; readonly value: T } | null = null
  return () => {
    const provider = metrics.getMeterProvider()
    if (made?.provider !== provider) made = { provider, value: create(provider.getMeter(SCOPE)) }
    return made.value
  }
}
