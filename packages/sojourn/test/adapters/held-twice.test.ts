import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createSessions, type HeaderChange, SessionError } from 'sojourn'
import { honoSessions } from 'sojourn/hono'
import { withNodeSession } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { HeldResponse } from '../../src/adapters/_held-response.ts'
import { listen } from './support/node-reply.ts'
import { lateStore } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'
import { toServer } from './support/web-reply.ts'
import { COOKIE, GET, held, LAST, scripted, serveWire, VARY, type Wire } from './support/wire.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closing.splice(0).reverse()) await close()
})

async function open(handler: Parameters<typeof serveWire>[0]): Promise<Wire> {
  const wire = await serveWire(handler)
  closing.push(wire.close)
  return wire
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const OUTAGE = new SessionError('ERR_STORE', 'redis failed to write.')
const commitLater = (): Promise<readonly HeaderChange[]> => tick().then(() => [COOKIE])
const failLater = (): Promise<never> => tick().then(() => Promise.reject(OUTAGE))

/** Until the headers are out. */
async function waitForHead(response: ServerResponse): Promise<void> {
  while (!response.getHeader('set-cookie')) await tick()
}

describe('two late things in one response', () => {
  test('edits of a stream after its late commit are stored too, before its end', async () => {
    const sessions = createSessions<Record<string, number>>({ store: lateStore() })
    const server = await listen(
      createServer(
        withNodeSession(sessions, async (request, response, session) => {
          if (request.url === '/read') return void response.end(JSON.stringify(session.data))
          session.data.early = 1
          response.write('a')
          await waitForHead(response)
          await tick()
          session.data.late = 2
          response.end('b')
        }),
      ),
    )
    closing.push(server.close)
    const visitor = createVisitor(server.origin)
    expect(await (await visitor.fetch('/')).text()).toBe('ab')
    expect(await (await visitor.fetch('/read')).json()).toEqual({ early: 1, late: 2 })
  })

  test('a late commit does not end a stream that is still writing', async () => {
    const script = scripted(commitLater)
    const wire = await open(
      held(
        () => script.exchange,
        async (_, response) => {
          response.write('a')
          await waitForHead(response)
          await tick()
          expect(script.calls).toEqual(['commit'])
          response.end('b')
        },
      ),
    )
    expect(await wire.exchange(LAST)).toMatch(/a\r\n1\r\nb\r\n0\r\n\r\n$/)
    expect(script.calls).toEqual(['commit', 'finish'])
  })

  test('a late edit that fails after a late commit breaks the stream off: no second head, no end', async () => {
    const script = scripted(commitLater, failLater)
    const wire = await open(
      held(
        () => script.exchange,
        (_, response) => {
          response.write('a')
          response.end('b')
        },
      ),
    )
    const text = await wire.exchange(LAST)
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200'])
    expect(text).not.toContain('503')
    expect(text).not.toMatch(/0\r\n\r\n$/)
    expect(script.calls).toEqual(['commit', 'finish'])
  })

  test('writes after a failed late edit are answered, and not held forever', async () => {
    const heard: unknown[] = []
    const wire = await open(
      held(
        () => scripted(commitLater, failLater).exchange,
        async (_, response) => {
          response.write('a')
          response.end('b')
          await once(response, 'close')
          heard.push(response.write('c', (error) => heard.push(error)))
        },
      ),
    )
    expect(await wire.exchange(LAST)).not.toContain('c\r\n')
    await vi.waitFor(() => expect(heard).toEqual([true, OUTAGE]))
  })

  test('a framework that asks in time commits by itself: what is sent meanwhile commits nothing', async () => {
    const script = scripted(() => [COOKIE])
    const wire = await open((_, response) => {
      const one = new HeldResponse(response, script.exchange)
      expect(one.claim()).toBe(true)
      expect(one.claim()).toBe(false)
      response.end('b')
    })
    expect(await wire.exchange(LAST)).toMatch(/\r\n\r\nb$/)
    expect(script.calls).toEqual([])
  })

  test.each([
    ['at once', () => [COOKIE]],
    ['later', commitLater],
  ])('a framework that asks too late leaves the response to us, end and all (store answers %s)', async (_, commit) => {
    const script = scripted(commit, tick)
    const wire = await open(async (__, response) => {
      const one = new HeldResponse(response, script.exchange)
      response.write('a')
      expect(one.claim()).toBe(false)
      await waitForHead(response)
      expect(one.claim()).toBe(false)
      response.end('b')
    })
    expect(await wire.exchange(LAST)).toMatch(/a\r\n1\r\nb\r\n0\r\n\r\n$/)
    expect(script.calls).toEqual(['commit', 'finish'])
  })

  test('Hono on node: a store that is down is asked once, though the handler began by hand and an error page follows', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const create = vi.fn(failLater)
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.use(honoSessions(createSessions({ store: { ...lateStore(), create } })))
    app.get('/', (c) => {
      c.var.session.data.theme = 'dark'
      c.env.outgoing.write('by hand')
      throw new Error('of the handler')
    })
    app.onError((_, c) => c.text('an error page', 500))
    const server = await toServer((ready) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ready))
    closing.push(server.close)
    await fetch(server.origin).then(
      (response) => response.text(),
      () => '',
    )
    expect(create).toHaveBeenCalledOnce()
  })

  test('drain does not come while the client has yet to take what was written', async () => {
    const drained = vi.fn()
    const seen: unknown[] = []
    const wire = await open(
      held(
        () => scripted(commitLater).exchange,
        async (_, response) => {
          response.on('drain', drained)
          seen.push(response.write(Buffer.alloc(32_000_000)))
          await waitForHead(response)
          for (let round = 0; round < 20; round++) await tick()
          seen.push(drained.mock.calls.length, response.writableNeedDrain)
          response.destroy()
        },
      ),
    )
    const socket = wire.open().pause()
    socket.write(GET)
    await vi.waitFor(() => expect(seen).toEqual([false, 0, true]))
  })

  test('a paused source resumes if nothing below was filled: the answer to HEAD has no body', async () => {
    let isEnded = false
    const wire = await open(
      held(
        () => scripted(commitLater).exchange,
        (_, response) => {
          response.once('finish', () => {
            isEnded = true
          })
          Readable.from(Array<string>(5).fill('x'.repeat(20_000))).pipe(response)
        },
      ),
    )
    const socket = wire.open()
    socket.write(GET.replace('GET', 'HEAD'))
    await vi.waitFor(() => expect(isEnded).toBe(true))
    socket.destroy()
  })
})

describe('callbacks and listeners', () => {
  test.each([
    ['is stored', commitLater, () => {}, /^HTTP\/1.1 200 /],
    ['is stored, and late edits too', () => [COOKIE], tick, /^HTTP\/1.1 200 /],
    ['cannot be stored', failLater, () => {}, /^HTTP\/1.1 503 /],
  ])(
    'the callback of end comes without an argument, when the response is out (session %s)',
    async (_, commit, finish, head) => {
      const heard: unknown[] = []
      const wire = await open(
        held(
          () => scripted(commit, finish).exchange,
          (__, response) => {
            response.write('a')
            response.end('b', (...args: unknown[]) => heard.push(args, response.writableFinished))
          },
        ),
      )
      expect(await wire.exchange(LAST)).toMatch(head)
      expect(heard).toEqual([[], true])
    },
  )

  test.each([
    ['at once', () => [COOKIE]],
    ['later', commitLater],
  ])('a stream of thirty pieces has one listener for its close (store answers %s)', async (_, commit) => {
    const counts: number[] = []
    const wire = await open(async (_request, response) => {
      counts.push(response.listenerCount('close'))
      new HeldResponse(response, scripted(commit).exchange)
      for (let piece = 0; piece < 15; piece++) response.write('a')
      await waitForHead(response)
      for (let piece = 0; piece < 15; piece++) response.write('a')
      counts.push(response.listenerCount('close'))
      response.end()
    })
    await wire.exchange(LAST)
    expect(counts[1]).toBe((counts[0] ?? 0) + 1)
  })
})

describe('over HTTP/2', () => {
  /** The headers of one answer of this handler. */
  async function answer(handler: (response: Http2ServerResponse) => void): Promise<Record<string, unknown>> {
    const server = await listen(createHttp2Server((_, response) => handler(response)))
    const client = connect(server.origin)
    closing.push(server.close, () => client.destroy())
    const [headers] = await once(client.request({ ':path': '/' }), 'response')
    return headers as Record<string, unknown>
  }

  test('a second answer cannot append to a header of the first', async () => {
    const refused: unknown[] = []
    const headers = await answer((response) => {
      new HeldResponse(response, scripted(commitLater).exchange)
      response.setHeader('x-first', '1')
      response.end('first')
      for (const name of ['x-first', 'x-second']) {
        try {
          response.appendHeader(name, '2')
        } catch (error) {
          refused.push((error as { code?: string }).code)
        }
      }
    })
    expect(refused).toEqual(['ERR_HTTP_HEADERS_SENT', 'ERR_HTTP_HEADERS_SENT'])
    expect([headers['x-first'], headers['x-second']]).toEqual(['1', undefined])
  })

  test('methods that other middleware put on the response are restored afterwards', async () => {
    const calls: string[] = []
    const names = ['setHeader', 'appendHeader', 'removeHeader'] as const
    let ours: unknown[] = []
    let response: Http2ServerResponse | undefined
    const headers = await answer((one) => {
      response = one
      for (const name of names) {
        const original = one[name] as (...args: unknown[]) => unknown
        one[name] = (...args: unknown[]) => {
          calls.push(`${name} ${args[0]}`)
          return Reflect.apply(original, one, args) as never
        }
      }
      ours = names.map((name) => one[name])
      new HeldResponse(one, scripted(() => tick().then(() => [VARY])).exchange)
      one.end('x')
      expect(() => one.setHeader('x-second', '1')).toThrow('after they are sent')
    })
    expect(headers.vary).toBe('Cookie')
    expect(calls).toEqual(['setHeader vary'])
    expect(names.map((name) => response?.[name])).toEqual(ours)
  })

  test('middleware that puts itself on a response that is held back does not fail', async () => {
    const headers = await answer((response) => {
      new HeldResponse(response, scripted(commitLater).exchange)
      response.write('x')
      const { setHeader } = response
      response.setHeader = (name, value) => setHeader.call(response, name, value)
      response.end()
    })
    expect(headers['set-cookie']).toEqual([COOKIE.value])
  })
})
