import { context, diag, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SamplingDecision,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { createSessions, memoryStore, type Session } from 'sojourn'
import { measuredStore, type TelemetryOptions, telemetry } from 'sojourn/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, createClient, createWorld, MINUTE, rejection } from '../core/kit.ts'

const KEY = 'the key for pseudonyms in these tests'

interface Sdk {
  readonly spans: InMemorySpanExporter
  /** The sums of a counter, by its attributes as JSON. */
  counter(name: string): Promise<Record<string, number>>
  histogram(name: string): Promise<readonly { attributes: object; count: number; sum: number }[]>
}

let stopSdk: () => Promise<void> = async () => undefined

function startSdk(): Sdk {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 })
  const meters = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(meters)
  const spans = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  trace.setGlobalTracerProvider(tracers)
  const contexts = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(contexts)
  stopSdk = async () => {
    await meters.shutdown()
    await tracers.shutdown()
    metrics.disable()
    trace.disable()
    context.disable()
  }
  const pointsOf = async (name: string) => {
    await meters.forceFlush()
    const all =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
    return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  }
  return {
    spans,
    counter: async (name) =>
      Object.fromEntries(
        (await pointsOf(name)).map(({ attributes, value }) => [JSON.stringify(attributes), value as number]),
      ),
    histogram: async (name) =>
      (await pointsOf(name)).map(({ attributes, value }) => ({
        attributes,
        ...(value as { count: number; sum: number }),
      })),
  }
}

beforeEach(() => {
  stopSdk = async () => undefined
})
afterEach(() => stopSdk())

async function useSessions(client: Client<Record<string, unknown>>): Promise<void> {
  await client.send((session: Session<Record<string, unknown>>) => session.login('ada'))
  await client.send(() => undefined)
  await client.send((session) => session.logout())
}

function world(options: TelemetryOptions = {}) {
  const made = createWorld()
  const sessions = telemetry(made.sessions, options)
  return { ...made, sessions, client: () => createClient(sessions) }
}

describe('metrics', () => {
  it('count events, with reasons', async () => {
    const sdk = startSdk()
    const it = world()
    await useSessions(it.client())
    await it.client().send(() => undefined, { cookie: '__Host-session=made-up' })
    expect(await sdk.counter('sojourn.session.created')).toEqual({ '{"sojourn.kind":"login"}': 1 })
    expect(await sdk.counter('sojourn.session.ended')).toEqual({ '{"sojourn.reason":"logout"}': 1 })
    expect(await sdk.counter('sojourn.token.refused')).toEqual({ '{"sojourn.reason":"malformed"}': 1 })
  })

  it('count although the SDK starts after the sessions were used', async () => {
    const it = world()
    await useSessions(it.client())
    const sdk = startSdk()
    await useSessions(it.client())
    expect(await sdk.counter('sojourn.session.created')).toEqual({ '{"sojourn.kind":"login"}': 1 })
  })

  it('have the durations of store calls, with the code of an error', async () => {
    const sdk = startSdk()
    const made = createWorld()
    const sessions = createSessions({ store: measuredStore(made.store) })
    const client = createClient(sessions)
    await client.send((session) => session.login('ada'))
    made.store.fail('read')
    await rejection(client.send(() => undefined))
    const points = await sdk.histogram('sojourn.store.operation.duration')
    const found = points.map(({ attributes, count }) => [JSON.stringify(attributes), count])
    expect(found).toContainEqual(['{"sojourn.store":"memory","sojourn.operation":"create"}', 1])
    expect(found).toContainEqual(['{"sojourn.store":"memory","sojourn.operation":"read","error.type":"_OTHER"}', 1])
    for (const { sum } of points) expect(sum).toBeGreaterThanOrEqual(0)
  })

  it('have no attribute with many values', async () => {
    const sdk = startSdk()
    const it = world({ sessionId: true, pseudonymKey: KEY })
    for (let i = 0; i < 100; i++) {
      const client = it.client()
      const { value } = await client.send(async (session) => {
        await session.login(`user${i}`)
        return session.id
      })
      await it.sessions.revoke(value, `ticket-${i}`)
    }
    expect(Object.keys(await sdk.counter('sojourn.session.created'))).toHaveLength(1)
    expect(Object.keys(await sdk.counter('sojourn.session.ended'))).toHaveLength(31)
  })
})

describe('spans', () => {
  it('show how a session was loaded and committed, as children of the request', async () => {
    const sdk = startSdk()
    const it = world()
    const client = it.client()
    await client.send((session) => session.login('ada'))
    sdk.spans.reset()
    await trace.getTracer('test').startActiveSpan('GET /', async (request) => {
      await client.send(() => undefined)
      request.end()
    })
    const spans = sdk.spans.getFinishedSpans()
    expect(spans.map(({ name }) => name)).toEqual(['session.load', 'session.commit', 'GET /'])
    const [load, commit, request] = spans
    expect(load?.attributes).toEqual({ 'sojourn.store': 'memory', 'sojourn.outcome': 'hit' })
    expect(load?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(commit?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(load?.status.code).toBe(0)
  })

  it.each([
    ['none', undefined],
    ['miss', 'A'.repeat(54)],
    ['invalid', 'made-up'],
  ])('have the outcome %s', async (outcome, token) => {
    const sdk = startSdk()
    const it = world()
    await it.client().send(() => undefined, token === undefined ? {} : { cookie: `__Host-session=${token}` })
    expect(sdk.spans.getFinishedSpans()[0]?.attributes['sojourn.outcome']).toBe(outcome)
  })

  it('have the outcomes expired and ended', async () => {
    const sdk = startSdk()
    const it = world()
    const client = it.client()
    await client.send((session) => session.login('ada'))
    const cookie = client.cookie()
    it.clock.advance(31 * MINUTE)
    await it.client().send(() => undefined, { cookie })
    expect(sdk.spans.getFinishedSpans().at(-2)?.attributes['sojourn.outcome']).toBe('expired')
    const other = it.client()
    await other.send((session) => session.login('ada'))
    const copy = other.cookie()
    await it.sessions.revokeAll('ada')
    await it.client().send(() => undefined, { cookie: copy })
    expect(sdk.spans.getFinishedSpans().at(-2)?.attributes['sojourn.outcome']).toBe('ended')
  })

  it('are errors only if the store failed, and say nothing of its error but the code', async () => {
    const sdk = startSdk()
    const it = world()
    const client = it.client()
    await client.send((session) => session.login('ada'))
    sdk.spans.reset()
    it.store.fail('read', { error: new Error('the driver quotes a secret') })
    expect(await rejection(client.send(() => undefined))).toMatchObject({ code: 'ERR_STORE' })
    const [load] = sdk.spans.getFinishedSpans()
    expect(load).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'ERR_STORE', 'sojourn.outcome': 'error' },
    })
    expect(JSON.stringify([load?.attributes, load?.events, load?.status])).not.toContain('secret')
  })

  it('have events of the request, without a user or a session by default', async () => {
    const sdk = startSdk()
    const it = world()
    const client = it.client()
    await trace.getTracer('test').startActiveSpan('POST /login', async (request) => {
      await client.send((session) => session.login('ada'))
      request.end()
    })
    const request = sdk.spans.getFinishedSpans().find(({ name }) => name === 'POST /login')
    expect(request?.events.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
      { name: 'sojourn.session.created', attributes: { 'sojourn.kind': 'login' } },
    ])
  })

  it('have the session and a pseudonym of the user on request, and never the user id or a token', async () => {
    const sdk = startSdk()
    const it = world({ sessionId: true, pseudonymKey: KEY })
    const client = it.client()
    const tokens: string[] = []
    await trace.getTracer('test').startActiveSpan('POST /login', async (request) => {
      for (let i = 0; i < 2; i++) {
        await client.send((session) => session.login('ada@example.com'))
        tokens.push(client.token() ?? '')
      }
      request.end()
    })
    const spans = sdk.spans.getFinishedSpans()
    const events = spans.flatMap(({ events: all }) => all).filter(({ name }) => name === 'sojourn.session.created')
    expect(events).toHaveLength(2)
    const [first, second] = events.map(({ attributes }) => attributes ?? {})
    expect(second?.['session.previous_id']).toBe(first?.['session.id'])
    expect(second?.['enduser.pseudo.id']).toBe(first?.['enduser.pseudo.id'])
    expect(first?.['enduser.pseudo.id']).toMatch(/^[\w-]{22}$/)
    const all = JSON.stringify(spans.map((span) => [span.name, span.attributes, span.events]))
    for (const secret of ['ada@example.com', ...tokens]) expect(all).not.toContain(secret)
  })
})

describe('without an SDK', () => {
  it('sessions work as before', async () => {
    const it = world()
    const client = it.client()
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    const { session, answer } = await it.sessions.open({
      method: 'GET',
      url: '/',
      secure: true,
      peer: null,
      header: () => null,
    })
    expect([session.userId, answer]).toEqual([null, null])
  })
})

describe('an SDK that fails', () => {
  const fail = (): never => {
    throw new Error('the exporter is broken')
  }

  afterEach(() => diag.disable())

  it.each(['onStart', 'onEnd'])('%s of a processor throws: no request fails, and a login counts', async (moment) => {
    const said: unknown[] = []
    const ignore = (): void => undefined
    diag.setLogger({ error: (text) => said.push(text), warn: ignore, info: ignore, debug: ignore, verbose: ignore })
    const flush = async (): Promise<void> => undefined
    const processor: SpanProcessor = {
      onStart: ignore,
      onEnd: ignore,
      forceFlush: flush,
      shutdown: flush,
      [moment]: fail,
    }
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }))
    stopSdk = async () => trace.disable()
    const it = world()
    const client = it.client()
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    it.store.fail('read')
    expect(await rejection(client.send(() => undefined))).toMatchObject({ code: 'ERR_STORE' })
    expect(said).toContain('sojourn: telemetry failed')
  })

  it('the meter throws: no call of the store fails', async () => {
    metrics.setGlobalMeterProvider({ getMeter: fail })
    stopSdk = async () => metrics.disable()
    const made = createWorld()
    const sessions = telemetry(createSessions({ store: measuredStore(made.store) }))
    const client = createClient(sessions)
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })
})

it('a trace that is not sampled stays so: a driver begins no trace of its own inside it', async () => {
  const sdk = startSdk()
  trace.disable()
  const root = {
    shouldSample: (_: unknown, __: string, name: string) => ({
      decision: name.startsWith('session.') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    }),
  }
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root }),
      spanProcessors: [new SimpleSpanProcessor(sdk.spans)],
    }),
  )
  const inner = memoryStore()
  const store = {
    ...inner,
    read(...args: Parameters<typeof inner.read>) {
      trace.getTracer('driver').startSpan('GET').end()
      return inner.read(...args)
    },
  }
  const client = createClient(telemetry(createSessions({ store })))
  await client.send((session) => session.login('ada'))
  sdk.spans.reset()
  await client.send(() => undefined)
  expect(sdk.spans.getFinishedSpans().map(({ name }) => name)).toEqual([])
})

describe('with an SDK, an exchange', () => {
  it('has all its members, and stays synchronous', () => {
    startSdk()
    const sessions = telemetry(createSessions())
    const view = { method: 'GET', url: '/', secure: true, peer: null, header: () => null }
    const exchange = sessions.open(view)
    if (exchange instanceof Promise) throw new Error('it became a promise')
    const { recheck, commit, salvage, finish } = exchange
    expect([recheck(), commit(), salvage(), finish()]).toEqual([
      undefined,
      expect.any(Array),
      expect.any(Array),
      undefined,
    ])
  })
})

it.each<[string, unknown]>([
  ['a short key', { pseudonymKey: 'short' }],
  ['an unknown option', { userId: true }],
  ['another type', { sessionId: 'yes' }],
])('%s is ERR_OPTION', (_, options) => {
  expect(() => telemetry(createSessions(), options as TelemetryOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  )
})
