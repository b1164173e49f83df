import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import express from 'express'
import { createSessions, SessionError } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { withSession } from 'sojourn/fetch'
import { type Client, type FetchHandler, type NodeHandlerOptions, toNodeHandler } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { failingStore, SOME_TOKEN } from './support/stores.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function listen(server: Server & { closeAllConnections?(): void }): Promise<number> {
  closers.push(() => {
    server.closeAllConnections?.()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serve(handler: FetchHandler, options?: NodeHandlerOptions): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(toNodeHandler(handler, options)))}`
}

/** Sends bytes unchanged, and returns everything until the connection closes. */
async function exchange(port: number | string, ...parts: string[]): Promise<string> {
  const socket = open(port)
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return received
}

function open(origin: number | string): Socket {
  const port = typeof origin === 'number' ? origin : Number(new URL(origin).port)
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  closers.push(() => socket.destroy())
  return socket
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

describe('the request', () => {
  test('has the method, the whole URL, the headers and the address', async () => {
    const origin = await serve(async (request, { peer }) =>
      Response.json({
        method: request.method,
        url: request.url,
        word: request.headers.get('x-word'),
        body: await request.text(),
        peer,
      }),
    )
    const response = await fetch(`${origin}/a/b?c=d`, { method: 'PUT', headers: { 'x-word': 'yes' }, body: 'text' })
    expect(await response.json()).toEqual({
      method: 'PUT',
      url: `${origin}/a/b?c=d`,
      word: 'yes',
      body: 'text',
      peer: '127.0.0.1',
    })
  })

  test('believes a proxy only when told to', async () => {
    const handler: FetchHandler = (request, { peer }) => new Response(`${new URL(request.url).protocol} ${peer}`)
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' }
    expect(await (await fetch(await serve(handler), { headers })).text()).toBe('http: 127.0.0.1')
    expect(await (await fetch(await serve(handler, { trustProxy: 1 }), { headers })).text()).toBe('https: 192.0.2.7')
  })

  test('a path cannot move the host', async () => {
    const origin = await serve((request) => new Response(new URL(request.url).host))
    const answer = await exchange(
      origin,
      'GET //evil.example/x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toContain('\r\n\r\nc\r\nshop.example\r\n')
    const absolute = await exchange(
      origin,
      'GET http://evil.example/x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
    )
    expect(absolute).toContain('shop.example\r\n')
  })

  test.each(['a@b', 'a/b', 'a?b', 'a#b', 'a\\b', 'a b', 'a:b', `${'a'.repeat(300)}`, '[::1', 'a:99999'])(
    'a host that is no host is refused: %s',
    async (host) => {
      const handler = vi.fn<FetchHandler>()
      const origin = await serve(handler)
      const answer = await exchange(origin, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1.1 400 /)
      expect(handler).not.toHaveBeenCalled()
    },
  )

  test('a method that fetch does not have is refused, and a target without a path', async () => {
    const handler = vi.fn<FetchHandler>()
    const origin = await serve(handler)
    const trace = await exchange(origin, 'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(trace).toMatch(/^HTTP\/1.1 501 /)
    const star = await exchange(origin, 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(star).toMatch(/^HTTP\/1.1 400 /)
    expect(handler).not.toHaveBeenCalled()
  })

  test('a request of HTTP/1.0 without a host is answered', async () => {
    const origin = await serve((request) => new Response(request.url))
    expect(await exchange(origin, 'GET /health HTTP/1.0\r\n\r\n')).toContain('http://localhost/health')
  })

  test('the body is read no faster than the handler reads it', async () => {
    let sent = 0
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const origin = await serve(async (request) => {
      await gate
      let size = 0
      for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) size += chunk.length
      return new Response(String(size))
    })
    const size = 64 * 1024 * 1024
    const chunk = Buffer.alloc(64 * 1024)
    const upload = httpRequest(origin, { method: 'POST', headers: { 'content-length': size } })
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    // The client fills the buffers of both sides, and then waits.
    do {
      sent += chunk.length
    } while (sent < size && (upload.write(chunk) || (await drains(upload))))
    expect(sent).toBeLessThan(size)
    release()
    while (sent < size) {
      sent += chunk.length
      if (!upload.write(chunk)) await once(upload, 'drain')
    }
    upload.end()
    const [response] = await answered
    expect(Number((await response.toArray()).join(''))).toBe(size)
  })

  test('the signal aborts and the body breaks when the client leaves', async () => {
    const errors: unknown[] = []
    const seen: string[] = []
    let arrived = false
    const origin = await serve(
      async (request) => {
        request.signal.addEventListener('abort', () => seen.push('aborted'))
        arrived = true
        await request.text().catch((error: Error) => {
          seen.push(error.name)
          throw error
        })
        return new Response()
      },
      { onError: (error) => errors.push(error) },
    )
    const socket = open(origin)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    await until(() => arrived)
    socket.destroy()
    await until(() => seen.length === 2)
    expect(seen.sort()).toEqual(['AbortError', 'aborted'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual([])
  })

  test('the signal stays quiet when the whole response was sent', async () => {
    let signal: AbortSignal | undefined
    const origin = await serve((request) => {
      signal = request.signal
      return new Response('x')
    })
    await exchange(origin, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(signal?.aborted).toBe(false)
  })

  test('a handler that answers while it reads a body receives all of it', async () => {
    let read: Promise<string> | undefined
    const origin = await serve((request) => {
      read = request.text()
      return new Response('accepted')
    })
    const socket = open(origin)
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc')
    await once(socket, 'data')
    socket.write('def')
    expect(await read).toBe('abcdef')
  })

  test('a body that nobody read when the response was sent fails, instead of never ending', async () => {
    let kept: Request | undefined
    const origin = await serve((request) => {
      kept = request
      return new Response('accepted')
    })
    await (await fetch(origin, { method: 'POST', body: 'text' })).text()
    await new Promise((resolve) => setImmediate(resolve))
    await expect(kept?.text()).rejects.toMatchObject({ code: 'ERR_MISUSE' })
  })

  test.each([
    ['nobody reads', () => new Response('one')],
    [
      'is read in part',
      async (request: Request) => {
        await request.body?.getReader().read()
        return new Response('one')
      },
    ],
    [
      'is canceled',
      async (request: Request) => {
        await request.body?.cancel()
        return new Response('one')
      },
    ],
  ])('a body that %s leaves the connection usable', async (_, handler) => {
    const origin = await serve((request) => (request.method === 'POST' ? handler(request) : new Response('two')))
    const body = 'x'.repeat(1_000_000)
    const answer = await exchange(
      origin,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    expect(answer.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(answer).toContain('two')
  })
})

async function drains(upload: ReturnType<typeof httpRequest>): Promise<boolean> {
  return Promise.race([
    once(upload, 'drain').then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 50)),
  ])
}

describe('the response', () => {
  test('has the status, its text, and every cookie', async () => {
    const origin = await serve(() => {
      const headers = new Headers({ 'x-a': '1' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2, 3; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
      headers.append('x-many', 'one')
      headers.append('x-many', 'two')
      return new Response('body', { status: 201, statusText: 'Made', headers })
    })
    const response = await fetch(origin)
    expect([response.status, response.statusText, await response.text()]).toEqual([201, 'Made', 'body'])
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2, 3; Expires=Wed, 21 Oct 2026 07:28:00 GMT'])
    expect(response.headers.get('x-many')).toBe('one, two')
  })

  test('to HEAD has no body, and the body is let go', async () => {
    const canceled = vi.fn()
    const origin = await serve(
      () => new Response(new ReadableStream({ cancel: canceled }), { headers: { 'content-length': '5' } }),
    )
    const answer = await exchange(origin, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\ncontent-length: 5\r\n/)
    expect(answer.endsWith('\r\n\r\n')).toBe(true)
    expect(canceled).toHaveBeenCalledOnce()
  })

  test.each([204, 304])('with status %d has no body', async (status) => {
    const response = await fetch(await serve(() => new Response(null, { status })))
    expect([response.status, await response.text()]).toEqual([status, ''])
  })

  test('a client that reads nothing stops the body, and a client that leaves cancels it', async () => {
    const canceled = vi.fn()
    let pulls = 0
    const origin = await serve(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulls++
              controller.enqueue(new Uint8Array(64 * 1024))
            },
            cancel: canceled,
          }),
        ),
    )
    const socket = open(origin)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => pulls > 0)
    let before = -1
    while (before !== pulls) {
      before = pulls
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(pulls).toBeLessThan(1000)
    expect(canceled).not.toHaveBeenCalled()
    socket.destroy()
    await until(() => canceled.mock.calls.length > 0)
  })

  test('a head is sent before a body that comes later', async () => {
    let push = (_: string): void => {}
    const origin = await serve(
      () =>
        new Response(
          new ReadableStream({
            start(controller) {
              push = (text) => {
                controller.enqueue(new TextEncoder().encode(text))
                controller.close()
              }
            },
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        ),
    )
    const response = await fetch(origin)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    push('data: x\n\n')
    expect(await response.text()).toBe('data: x\n\n')
  })
})

describe('failures', () => {
  test('a handler that throws is a 500 without details', async () => {
    const onError = vi.fn()
    const origin = await serve(
      () => {
        throw Object.assign(new Error('password of the database'), { status: 418, headers: { 'x-secret': '1' } })
      },
      { onError },
    )
    const response = await fetch(origin)
    expect([response.status, await response.text()]).toEqual([500, 'The server could not answer.\n'])
    expect(response.headers.get('x-secret')).toBeNull()
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'password of the database' }))
  })

  test('errors are printed if nobody else receives them, except for outages', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await fetch(await serve(() => Promise.reject(new RangeError('x'))))).status).toBe(500)
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.any(RangeError))
    const response = await fetch(await serve(() => Promise.reject(new SessionError('ERR_STORE'))))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(log).toHaveBeenCalledOnce()
    log.mockRestore()
  })

  test.each([undefined, Response.error(), 'text'])('what is no response is a 500: %s', async (wrong) => {
    const onError = vi.fn()
    const response = await fetch(await serve(() => wrong as Response, { onError }))
    expect(response.status).toBe(500)
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ERR_MISUSE' }))
  })

  test('a body that fails before its first byte is a 500, and later the connection breaks', async () => {
    const onError = vi.fn()
    let fail = (): void => {}
    const origin = await serve(
      (request) => {
        const isLate = request.url.endsWith('/late')
        const body = new ReadableStream({
          start(controller) {
            fail = () => controller.error(new Error('secret'))
            if (isLate) controller.enqueue(new TextEncoder().encode('first'))
            else fail()
          },
        })
        return new Response(body, { headers: { 'set-cookie': 'a=1' } })
      },
      { onError },
    )
    const early = await fetch(origin)
    expect([early.status, early.headers.get('set-cookie')]).toEqual([500, null])
    const late = await fetch(`${origin}/late`)
    expect(late.status).toBe(200)
    const text = expect(late.text()).rejects.toThrow()
    fail()
    await text
    expect(onError).toHaveBeenCalledTimes(2)
  })

  test('the body of a response is released if something else has answered', async () => {
    const canceled = vi.fn()
    const onError = vi.fn()
    let answer = (): void => {}
    const handler = toNodeHandler(
      async (request) => {
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        if (request.url.endsWith('/throw')) throw new Error('late')
        return new Response(new ReadableStream({ cancel: canceled }))
      },
      { onError },
    )
    const port = await listen(
      createServer((request, response) => {
        handler(request, response)
        response.end('too late', () => answer())
      }),
    )
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('too late')
    await until(() => canceled.mock.calls.length > 0)
    expect(onError).not.toHaveBeenCalled()
    expect(await (await fetch(`http://127.0.0.1:${port}/throw`)).text()).toBe('too late')
    await until(() => onError.mock.calls.length > 0)
  })

  test.each([
    ['whose body comes later', () => new Response(new ReadableStream({ cancel() {} }))],
    ['without a body', () => new Response(null)],
  ])(
    'a hook of other middleware that refuses the head of a response %s ends only that connection',
    async (_, answer) => {
      const onError = vi.fn()
      const handler = toNodeHandler(answer, { onError })
      let settled: Promise<void> | undefined
      const port = await listen(
        createServer((request, response) => {
          response.writeHead = () => {
            throw new Error('hook')
          }
          settled = handler(request, response)
        }),
      )
      await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow()
      await settled
      expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'hook' }))
    },
  )

  test('wrong arguments are refused at the start', () => {
    expect(() => toNodeHandler(undefined as unknown as FetchHandler)).toThrow(/toNodeHandler/)
    expect(() => toNodeHandler(() => new Response(), { trust: 1 } as NodeHandlerOptions)).toThrow(/no option/)
    expect(() => toNodeHandler(() => new Response(), { trustProxy: '10.0.0.1' as never })).toThrow(/trustProxy/)
  })
})

describe('over HTTP/2', () => {
  async function serve2(handler: FetchHandler, options?: NodeHandlerOptions) {
    const server = createHttp2Server(toNodeHandler(handler, options))
    const client = connectHttp2(`http://127.0.0.1:${await listen(server)}`).on('error', () => {})
    closers.push(() => client.destroy())
    return client
  }

  test.each([
    ['cancels its stream', 8],
    ['closes its stream without an error', 0],
  ])('a client that %s before the response aborts the signal, and the body is released', async (_, code) => {
    const canceled = vi.fn()
    let signal: AbortSignal | undefined
    let answer = (): void => {}
    const client = await serve2(async (request) => {
      signal = request.signal
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return new Response(new ReadableStream({ cancel: canceled }))
    })
    const stream = client.request({ ':path': '/' }).on('error', () => {})
    await until(() => signal !== undefined)
    stream.close(code)
    await until(() => signal?.aborted === true)
    answer()
    await until(() => canceled.mock.calls.length > 0)
  })

  test('a client that leaves in the middle of both bodies cancels that of the response', async () => {
    const canceled = vi.fn()
    const client = await serve2(
      () =>
        new Response(
          new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)), cancel: canceled }),
        ),
    )
    const stream = client.request({ ':path': '/', ':method': 'POST' }).on('error', () => {})
    stream.write('unread')
    await once(stream, 'response')
    stream.close(0)
    await until(() => canceled.mock.calls.length > 0)
  })

  test('the signal stays quiet when the whole response was sent', async () => {
    let signal: AbortSignal | undefined
    const client = await serve2((request) => {
      signal = request.signal
      return new Response('x')
    })
    const stream = client.request({ ':path': '/' }).resume()
    await once(stream, 'close')
    await new Promise((resolve) => setImmediate(resolve))
    expect(signal?.aborted).toBe(false)
  })

  test('headers about the connection of another server are not passed on', async () => {
    const onError = vi.fn()
    const names = [
      'connection',
      'keep-alive',
      'proxy-connection',
      'te',
      'transfer-encoding',
      'upgrade',
      'http2-settings',
    ]
    const headers = { ...Object.fromEntries(names.map((name) => [name, 'x'])), 'x-other': 'y' }
    const client = await serve2(() => new Response('x', { headers }), { onError })
    const stream = client.request({ ':path': '/' }).resume()
    const [received] = await once(stream, 'response')
    expect(received).toMatchObject({ ':status': 200, 'x-other': 'y' })
    expect(Object.keys(received).filter((name) => names.includes(name))).toEqual([])
    expect(onError).not.toHaveBeenCalled()
  })

  test.each(['get', 'head', 'trace', 'TRACK'])('the method %s is a 501, and no error of the server', async (method) => {
    const onError = vi.fn()
    const client = await serve2(() => new Response('x'), { onError })
    const stream = client.request({ ':path': '/', ':method': method }).resume()
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(501)
    expect(onError).not.toHaveBeenCalled()
  })
})

describe('mounted', () => {
  test('on Express below a path: the URL is the public one, and headers of other middleware stay', async () => {
    const app = express()
    app.use((_, response, next) => {
      response.setHeader('set-cookie', 'before=1')
      response.setHeader('vary', 'Origin')
      next()
    })
    app.use(
      '/oauth',
      toNodeHandler((request) => {
        return new Response(request.url, { headers: { 'set-cookie': 'after=2', vary: 'Accept' } })
      }),
    )
    const origin = `http://127.0.0.1:${await listen(createServer(app as Listener))}`
    const response = await fetch(`${origin}/oauth/token?x=1`)
    expect(await response.text()).toBe(`${origin}/oauth/token?x=1`)
    expect(response.headers.getSetCookie()).toEqual(['before=1', 'after=2'])
    expect(response.headers.get('vary')).toBe('Origin, Accept')
  })

  test('after a body parser, the error names the mistake', async () => {
    const onError = vi.fn()
    const app = express()
    app.use(express.json())
    app.use(toNodeHandler(async (request) => new Response(await request.text()), { onError }))
    const origin = `http://127.0.0.1:${await listen(createServer(app as Listener))}`
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(origin, { method: 'POST', headers, body: '{}' })).status).toBe(500)
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: expect.stringContaining('body parsers') }),
    )
    expect((await fetch(origin)).status).toBe(200)
  })

  test('behind the Express adapter, the response carries the session', async () => {
    const app = express()
    app.use(expressSessions(createSessions()))
    app.use((request, _, next) => {
      request.session.data.seen = true
      next()
    })
    app.use(toNodeHandler(() => new Response('streamed', { headers: { 'set-cookie': 'own=1' } })))
    const origin = `http://127.0.0.1:${await listen(createServer(app as Listener))}`
    const response = await fetch(origin)
    expect(await response.text()).toBe('streamed')
    expect(response.headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual(['own', 'session'])
  })

  test('around withSession, sessions have the address, and an outage is a 503', async () => {
    const addresses: unknown[] = []
    const sessions = createSessions({ store: failingStore('read') })
    sessions.on('fault', ({ request }) => addresses.push(request?.address))
    const handler = withSession(sessions, (_, __, { peer }: Client) => new Response(peer), {
      peer: (_, { peer }) => peer,
    })
    const response = await fetch(await serve(handler), { headers: SOME_TOKEN })
    expect(response.status).toBe(503)
    expect(addresses).toEqual(['127.0.0.1'])
  })

  test('on HTTP/2', async () => {
    const handler: FetchHandler = async (request) =>
      new Response(`${request.method} ${request.url} ${await request.text()}`, {
        statusText: 'Fine',
        headers: { connection: 'close', 'x-a': '1' },
      })
    const server = createHttp2Server(toNodeHandler(handler))
    const port = await listen(server)
    const client = connectHttp2(`http://127.0.0.1:${port}`)
    closers.push(() => client.destroy())
    const stream = client.request({ ':path': '/x?y', ':method': 'POST' })
    stream.end('body')
    const [headers] = (await once(stream, 'response')) as [Record<string, string>]
    expect([headers[':status'], headers['x-a']]).toEqual([200, '1'])
    expect((await stream.toArray()).join('')).toBe(`POST http://127.0.0.1:${port}/x?y body`)
  })
})
