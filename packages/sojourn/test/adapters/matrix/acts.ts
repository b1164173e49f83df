import type { ServerResponse } from 'node:http'
import { Readable, Stream } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Context as KoaContext } from 'koa'

const LARGE = 'a line that can be compressed\n'.repeat(8_000)
const pieces = (): string[] => LARGE.match(/.{1,9000}/gs) ?? []
const readable = (): Readable => Readable.from(pieces())
const boom = (): Error => new Error('of the handler')
/** As long as a piece that fills a response in characters; half of that in bytes. */
const HEX = '6c696e650a6c696e'.repeat(1_024)
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The effects of an act besides its answer. */
export interface Aside {
  /** Edits the session, where there is one. */
  readonly edit: () => void
  /** The handler came to its end: it wrote everything, or heard that its client left. */
  readonly finish: () => void
  /** The client has the head of the response. */
  readonly head: Promise<void>
  /** The client has the first bytes of the body. */
  readonly firstBytes: Promise<void>
}

/** Waits for `drain` as the documentation of node says. */
async function writeAll(
  response: ServerResponse,
  { finish }: Aside,
  all: readonly string[],
  encoding: BufferEncoding,
): Promise<void> {
  for (const piece of all) {
    if (!response.write(piece, encoding)) await new Promise<void>((resolve) => response.once('drain', resolve))
  }
  response.end()
  finish()
}

type NodeAct = (response: ServerResponse, aside: Aside) => unknown

/** The actions of handlers on node's response. Their errors go to the error page. The client sends HEAD if the name contains it. */
export const NODE_ACTS: Readonly<Record<string, NodeAct>> = {
  end: (r) => r.end('hello'),
  'end, compressible': (r) => r.end(LARGE),
  write: (r) => [r.write('one'), r.write('two'), r.end('three')],
  'write, waiting for drain': (r, aside) => writeAll(r, aside, pieces(), 'utf8'),
  // Node counts characters, so each piece fills a held response. A compression below counts bytes, has room left, and sends no `drain`.
  'write of hex, waiting for drain': (r, aside) => writeAll(r, aside, [HEX, HEX, HEX], 'hex'),
  pipe: (r) => readable().pipe(r),
  // The pieces fill a held response. Node sends no body to HEAD, so nothing below is ever full, and sends no `drain`.
  'pipe, to HEAD': (r) => readable().pipe(r),
  'pipe with a length': (r) => {
    r.setHeader('content-length', LARGE.length)
    readable().pipe(r)
  },
  writeHead: (r) => r.writeHead(201, { 'x-own': '1' }).end('made'),
  flushHeaders: async (r, { head }) => {
    r.setHeader('content-type', 'text/event-stream')
    r.flushHeaders()
    await head
    r.write('data: first\n\n')
    await later()
    r.end('data: last\n\n')
  },
  flush: async (r, { firstBytes }) => {
    r.write('one')
    ;(r as { flush?(): void }).flush?.()
    await firstBytes
    r.end('two')
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
  'destroy in the middle': async (r) => {
    r.write('begun')
    await later()
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
  'the client leaves': (r, { edit, finish }) => {
    r.once('close', finish)
    r.write(LARGE)
    edit()
  },
}

type FastifyAct = (reply: FastifyReply, aside: Aside) => unknown

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
  // A stream of the first kind, as some packages have them: it says once that it broke, and does not remember.
  'a stream that breaks meanwhile': (r) => {
    const stream = new Stream() as Readable
    r.send(stream)
    process.nextTick(() => stream.emit('error', boom()))
    return r
  },
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
  'the client leaves': (r, aside) => r.send(endless(aside)),
}

/** Edits the session when it is first read, and hears of it when nobody reads it any more. */
function endless({ edit, finish }: Aside): Readable {
  const generate = function* (): Generator<string> {
    edit()
    for (;;) yield LARGE
  }
  return Readable.from(generate()).once('close', finish)
}

type HonoAct = (c: Context, aside: Aside) => Response | Promise<Response>

const toText = (source: Readable): Response =>
  new Response(Readable.toWeb(source) as ReadableStream, { headers: { 'content-type': 'text/plain' } })

export const HONO_ACTS: Readonly<Record<string, HonoAct>> = {
  text: (c) => c.text('hello'),
  'text, compressible': (c) => c.text(LARGE),
  stream: () => toText(readable()),
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
  'the client leaves': (_, aside) => toText(endless(aside)),
}

type WebAct = (aside: Aside) => Response | Promise<Response>

/** For frameworks whose handlers return a `Response`. */
export const WEB_ACTS: Readonly<Record<string, WebAct>> = {
  text: () => new Response('hello'),
  'text, to HEAD': () => new Response('hello'),
  json: () => Response.json({ hello: 1 }),
  stream: () => toText(readable()),
  'event stream': () =>
    new Response(Readable.toWeb(Readable.from(['data: first\n\n', 'data: last\n\n'])) as ReadableStream, {
      headers: { 'content-type': 'text/event-stream' },
    }),
  'throw before the answer': () => {
    throw boom()
  },
  'no body': () => new Response(null, { status: 204 }),
  redirect: () => new Response(null, { status: 302, headers: { location: '/elsewhere' } }),
  'the client leaves': (aside) => toText(endless(aside)),
}

type KoaAct = (ctx: KoaContext, aside: Aside) => unknown

const setBody = (toBody: (aside: Aside) => unknown): KoaAct => {
  return (ctx, aside) => {
    ctx.body = toBody(aside)
  }
}

export const KOA_ACTS: Readonly<Record<string, KoaAct>> = {
  text: setBody(() => 'hello'),
  'text, compressible': setBody(() => LARGE),
  json: setBody(() => ({ hello: 1 })),
  'text, to HEAD': setBody(() => 'hello'),
  'no body': setBody(() => null),
  'nothing at all': () => {},
  'not modified': (ctx) => {
    ctx.status = 304
  },
  redirect: (ctx) => ctx.redirect('/elsewhere'),
  pipe: setBody(readable),
  'pipe, to HEAD': setBody(readable),
  'web stream': setBody(() => Readable.toWeb(readable())),
  'a Response': setBody(() => new Response('made', { status: 201, headers: { 'x-own': '1' } })),
  'throw before the answer': () => {
    throw boom()
  },
  'throw after a body was set': (ctx) => {
    ctx.body = 'hello'
    throw boom()
  },
  'ctx.throw': (ctx) => ctx.throw(409, 'taken'),
  'a stream that breaks': setBody(
    () =>
      new Readable({
        read() {
          this.destroy(boom())
        },
      }),
  ),
  'by hand': (ctx) => {
    ctx.respond = false
    ctx.res.writeHead(201, { 'x-own': '1' })
    ctx.res.end('by hand')
  },
  'by hand, later': async (ctx) => {
    ctx.respond = false
    void later().then(() => ctx.res.writeHead(201, { 'x-own': '1' }).end('by hand'))
  },
  'the head first': async (ctx, { head }) => {
    ctx.type = 'text/event-stream'
    ctx.flushHeaders()
    await head
    ctx.body = 'data: last\n\n'
  },
  'the client leaves': setBody(endless),
}
