import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import fc from 'fast-check'
import type { HeaderChange } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Storing } from '../../src/adapters/_storing.ts'
import { GET, type Handler, held, LAST, scripted, serveWire, type Wire } from './support/wire.ts'

/**
 * The same handler on node's bare response and on one that is held back must put the same bytes on the wire and see the
 * same errors, whether the store answers at once or later.
 */
const NOTHING: readonly HeaderChange[] = []
const EXCHANGES: Record<string, () => Storing> = {
  'at once': () => scripted(() => NOTHING).exchange,
  later: () =>
    scripted(
      () => Promise.resolve(NOTHING),
      () => Promise.resolve(),
    ).exchange,
}

const chunks = (count: number, size: number): string[] =>
  Array.from({ length: count }, (_, i) => `${i}`.padEnd(size, '.'))

const HANDLERS: Record<string, (response: ServerResponse) => unknown> = {
  'end without anything': (response) => response.end(),
  'end with text': (response) => response.end('hello'),
  'end with bytes': (response) => response.end(Buffer.from([1, 2, 3])),
  'end with an encoding': (response) => response.end('aGVsbG8=', 'base64'),
  'end twice': (response) => response.end('one').end(),
  'status and message': (response) => Object.assign(response, { statusCode: 418, statusMessage: 'Short' }).end('tea'),
  'writeHead, then end': (response) => response.writeHead(201, { 'X-A': '1' }).end('made'),
  'writeHead with a reason': (response) => response.writeHead(201, 'Made', { 'X-A': ['1', '2'] }).end(),
  'writeHead with a raw list': (response) => response.writeHead(200, ['X-A', '1', 'X-B', '2']).end('x'),
  'writeHead over setHeader': (response) => response.setHeader('X-A', 'old').writeHead(200, { 'x-a': 'new' }).end(),
  'writeHead with a length': (response) => response.writeHead(200, { 'Content-Length': 5 }).end('hello'),
  'writes in pieces': (response) => [response.write('one'), response.write('two'), response.end('three')],
  'writes with encodings': (response) => [response.write('6f6e65', 'hex'), response.end('\u00e9', 'latin1')],
  'flushHeaders, then writes': (response) => [response.flushHeaders(), response.write('a'), response.end()],
  'no body for 204': (response) => response.writeHead(204).end('ignored'),
  'no body for 304': (response) => response.writeHead(304, { ETag: '"1"' }).end('ignored'),
  'its own length, in pieces': (response) => [
    response.setHeader('Content-Length', 6),
    response.write('abc'),
    response.end('def'),
  ],
  'a trailer': (response) => {
    if (response.req.method === 'HEAD') return response.end()
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write('body')
    response.addTrailers({ 'X-Sum': '4' })
    response.end()
  },
  'early hints and continue': (response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.writeContinue()
    response.end('done')
  },
  'many cookies': (response) => response.appendHeader('Set-Cookie', 'a=1').appendHeader('Set-Cookie', 'b=2').end(),
  'a pipe': (response) => Readable.from(chunks(50, 5000)).pipe(response),
  'a pipeline': (response) => pipeline(Readable.from(chunks(50, 5000)), response, () => {}),
  'end later': (response) => setImmediate(() => response.end('late')),
  'pieces over time': async (response) => {
    for (const piece of chunks(10, 10)) {
      response.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  },
  'waits for drain': async (response) => {
    for (const piece of chunks(20, 40_000)) if (!response.write(piece)) await once(response, 'drain')
    response.end()
  },
  'ends in the callback of a write': (response) => response.write('one', () => response.end('two')),
}

describe.each(Object.entries(EXCHANGES))('a held response puts the same bytes on the wire, %s', (_, exchange) => {
  test.each(Object.entries(HANDLERS))('%s', async (__, handler) => {
    const run: Handler = (___, response) => handler(response)
    const [bare, holding] = await Promise.all([serveWire(run), serveWire(held(exchange, run))])
    for (const requests of [[LAST], [LAST.replace('GET', 'HEAD')], [GET, GET, LAST]]) {
      expect(await holding.exchange(...requests)).toEqual(await bare.exchange(...requests))
    }
    bare.close()
    holding.close()
  })
})

/** One call of a handler, and what it saw of it. */
const CALLS = {
  setHeader: (response: ServerResponse, value: string) => response.setHeader(value, 'v'),
  appendHeader: (response: ServerResponse, value: string) => response.appendHeader(value, 'w'),
  removeHeader: (response: ServerResponse, value: string) => response.removeHeader(value),
  status: (response: ServerResponse, value: string) => void Object.assign(response, { statusCode: Number(value) }),
  writeHead: (response: ServerResponse, value: string) => response.writeHead(Number(value), { 'X-B': 'b' }),
  flushHeaders: (response: ServerResponse) => response.flushHeaders(),
  // Its return value depends on a pending store call; node's behavior is that it returns one.
  write: (response: ServerResponse, value: string) => typeof response.write(value),
  end: (response: ServerResponse, value: string) => response.end(value),
}
type Step = [call: keyof typeof CALLS, value: string]

const name = fc.constantFrom('X-A', 'ETag', 'Set-Cookie')
const status = fc.constantFrom('200', '201', '204', '404')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom('setHeader', 'appendHeader', 'removeHeader'), name),
  fc.tuple(fc.constantFrom('status', 'writeHead'), status),
  fc.tuple(fc.constant('flushHeaders'), fc.constant('')),
  fc.tuple(fc.constantFrom('write', 'end'), fc.string({ minLength: 1 })),
)

function perform(response: ServerResponse, [call, value]: Step): string {
  let answer: unknown
  try {
    answer = CALLS[call](response, value)
  } catch (error) {
    answer = (error as { code?: string }).code
  }
  const shown = answer === response ? 'itself' : String(answer)
  return `${call} ${shown}, sent: ${response.headersSent}, ended: ${response.writableEnded}`
}

describe.each(Object.entries(EXCHANGES))('any sequence of calls behaves as on a bare response, %s', (_, exchange) => {
  let bare: Wire
  let holding: Wire
  let steps: Step[] = []
  let seen: unknown[] = []

  const run: Handler = (__, response) => {
    const events: unknown[] = []
    seen = events
    response.on('error', (error: { code?: string }) => events.push(error.code))
    for (const one of steps) events.push(perform(response, one))
    setImmediate(() => response.writableEnded || response.end())
  }

  beforeAll(async () => {
    bare = await serveWire(run)
    holding = await serveWire(held(exchange, run))
  })
  afterAll(() => {
    bare.close()
    holding.close()
  })

  test('property', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (drawn) => {
        steps = drawn
        const expected = { wire: await bare.exchange(LAST), seen }
        const actual = { wire: await holding.exchange(LAST), seen }
        expect(actual).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})
