import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'

const LARGE = 'a line that can be compressed\n'.repeat(8_000)
const pieces = (): string[] => LARGE.match(/.{1,9000}/gs) ?? []
const readable = (): Readable => Readable.from(pieces())
const boom = (): Error => new Error('of the handler')
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Waits for `drain` as the documentation of node says. */
async function writeAll(response: ServerResponse): Promise<void> {
  for (const piece of pieces()) {
    if (!response.write(piece)) await new Promise<void>((resolve) => response.once('drain', resolve))
  }
  response.end()
}

type NodeAct = (response: ServerResponse) => unknown

/** What handlers do with node's response; what they throw goes to the error page. */
export const NODE_ACTS: Readonly<Record<string, NodeAct>> = {
  end: (r) => r.end('hello'),
  'end, compressible': (r) => r.end(LARGE),
  write: (r) => [r.write('one'), r.write('two'), r.end('three')],
  'write, waiting for drain': writeAll,
  pipe: (r) => readable().pipe(r),
  // One piece fills a held response, but nothing below it: only the hold itself can say that it goes on.
  'pipe, one piece at a time': (r) => Readable.from([LARGE.slice(0, 16_380), LARGE.slice(0, 4), 'last']).pipe(r),
  'pipe with a length': (r) => readable().pipe(r.setHeader('content-length', LARGE.length)),
  writeHead: (r) => r.writeHead(201, { 'x-own': '1' }).end('made'),
  flushHeaders: async (r) => {
    r.setHeader('content-type', 'text/event-stream')
    r.flushHeaders()
    r.write('data: first\n\n')
    await later()
    r.end('data: last\n\n')
  },
  'throw before the answer': () => {
    throw boom()
  },
  'throw after the answer': async (r) => {
    r.end('hello')
    await null
    throw boom()
  },
  'throw in the middle': async (r) => {
    r.write('begun')
    await later()
    throw boom()
  },
  'a second answer': (r) => {
    r.end('first')
    r.writeHead(404).end('second')
  },
  'destroy after the answer': (r) => {
    r.end('hello')
    r.destroy()
  },
  'a header that node refuses': (r) => r.writeHead(200, { 'x-own': 'no \u{1f600}' }).end('never'),
  'early hints': (r) => {
    r.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
    r.end('hello')
  },
  trailers: (r) => {
    r.writeHead(200, { trailer: 'x-sum' })
    r.write('body')
    r.addTrailers({ 'x-sum': '4' })
    r.end()
  },
  'the client leaves': async (r) => {
    r.write(LARGE)
    await new Promise<void>((resolve) => r.once('close', resolve))
  },
}

type FastifyAct = (reply: FastifyReply) => unknown

export const FASTIFY_ACTS: Readonly<Record<string, FastifyAct>> = {
  return: () => 'hello',
  'return, compressible': () => LARGE,
  send: (r) => void r.send('hello'),
  pipe: (r) => r.send(readable()),
  'web stream': (r) => r.send(Readable.toWeb(readable())),
  'throw before the answer': () => {
    throw boom()
  },
  'throw after the answer': async (r) => {
    r.send('hello')
    await null
    throw boom()
  },
  'a second send': async (r) => {
    r.send('first')
    r.send('second')
    return r
  },
  'a value after the answer': async (r) => {
    r.send('first')
    return 'second'
  },
  'a stream that breaks': (r) =>
    r.send(
      new Readable({
        read() {
          this.destroy(boom())
        },
      }),
    ),
  hijack: (r) => {
    r.hijack()
    r.raw.writeHead(201, { 'x-own': '1' })
    r.raw.end('by hand')
  },
  'early hints': (r) => {
    r.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' })
    return r.send('hello')
  },
  trailers: (r) => r.trailer('x-sum', (_, __, done) => done(null, '4')).send('body'),
  'the client leaves': (r) => r.send(Readable.from(endless())),
}

function* endless(): Generator<string> {
  for (;;) yield LARGE
}

type HonoAct = (c: Context) => Response | Promise<Response>

export const HONO_ACTS: Readonly<Record<string, HonoAct>> = {
  text: (c) => c.text('hello'),
  'text, compressible': (c) => c.text(LARGE),
  stream: () =>
    new Response(Readable.toWeb(readable()) as ReadableStream, { headers: { 'content-type': 'text/plain' } }),
  'event stream': (c) =>
    streamSSE(c, async (stream) => {
      await stream.writeSSE({ data: 'first' })
      await later()
      await stream.writeSSE({ data: 'last' })
    }),
  'throw before the answer': () => {
    throw boom()
  },
  'no body': (c) => c.body(null, 204),
  redirect: (c) => c.redirect('/elsewhere'),
  'the client leaves': () => new Response(Readable.toWeb(Readable.from(endless())) as ReadableStream),
}
