import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { AdapterServer } from '@sojourn/conformance'
import createConnect from 'connect'
import express from 'express'
import { createSessions, type Store } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { watchCrashes } from './matrix/fate.ts'
import { listen } from './support/node-reply.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) await server.close()
})

async function open(server: Parameters<typeof listen>[0]): Promise<string> {
  const opened = await listen(server)
  servers.push(opened)
  return opened.origin
}

/** All that a server sends until it has answered this often, or closes. */
async function pipeline(origin: string, paths: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(origin)
  const socket = connectSocket(Number(port), hostname).setEncoding('latin1')
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  let received = ''
  socket.on('data', (piece: string) => {
    received += piece
    if (received.endsWith('after')) socket.destroy()
  })
  await once(socket, 'close')
  return received
}

describe('a page in place of an answer that could not be stored', () => {
  test('keeps the connection, so that a request behind it on the same one is answered', async () => {
    const sessions = createSessions({ store: failingStore('create') })
    const server = createServer(
      withNodeSession(sessions, (request, response, session) => {
        if (request.url === '/write') session.data.seen = 1
        response.end('after')
      }),
    )
    const received = await pipeline(await open(server), ['/write', '/read'])
    expect(received.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200'])
  })

  test('keeps it, too, when it is the page of an application that gives no length', async () => {
    const app = createConnect()
    const sessions = createSessions<Record<string, unknown>>({ store: failingStore('create') })
    app.use(nodeSessions(sessions))
    app.use((request, response) => {
      if (request.url === '/write') sessions.get(request).data.seen = 1
      response.end('after')
    })
    app.use(((_: unknown, __: unknown, response: NodeJS.WritableStream & { statusCode: number }, ___: unknown) => {
      response.statusCode = 503
      response.write('a page ')
      response.end('in pieces')
    }) as never)
    const received = await pipeline(await open(createServer(app)), ['/write', '/read'])
    expect(received.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200'])
  })

  test('has its text over HTTP/2', async () => {
    const sessions = createSessions({ store: failingStore('create') })
    const client = connect(
      await open(
        createHttp2Server(
          withNodeSession(sessions, (_, response, session) => {
            session.data.seen = 1
            response.end('hello')
          }) as never,
        ),
      ),
    )
    const stream = client.request({ ':path': '/' })
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
    expect([headers[':status'], await text(stream)]).toEqual([503, expect.stringContaining('Try again')])
    client.destroy()
  })

  test('that sends "public" and a cookie of its own keeps the token of the login before it', async () => {
    const store: Store = { ...lateStore(), write: () => Promise.reject(new Error('connect ECONNREFUSED')) }
    const app = express()
    app.use(expressSessions(createSessions({ store })))
    app.post('/', async (request, response) => {
      await request.session.login('ada')
      request.session.data.seen = 1
      response.end('welcome')
    })
    app.use(((_: unknown, __: unknown, response: express.Response, ___: unknown) => {
      response.set('cache-control', 'public, max-age=60').set('cdn-cache-control', 'max-age=60')
      response.writeHead(503, { 'set-cookie': ['lang=en'] }).end('sorry')
    }) as never)
    const response = await fetch(await open(createServer(app)), { method: 'POST' })
    expect([response.status, response.headers.getSetCookie().map((line) => line.split('=')[0])]).toEqual([
      503,
      ['lang', 'session'],
    ])
    expect([response.headers.get('cache-control'), response.headers.get('cdn-cache-control')]).toEqual([
      'no-store',
      null,
    ])
  })
})

describe('a time limit that answers while the store is late', () => {
  test('is the answer, and the process lives when the store fails after all', async () => {
    const read = (): Promise<never> => new Promise((_, reject) => setTimeout(reject, 40, new Error('ETIMEDOUT')))
    const run = vi.fn()
    const handler = withNodeSession(createSessions({ store: { ...lateStore(), read } }), run)
    const ended = vi.fn()
    const origin = await open(
      createServer((request, response) => {
        setTimeout(() => response.writeHead(504).end('too late'), 10)
        void Promise.resolve(handler(request, response)).finally(ended)
      }),
    )
    const crashes = await watchCrashes(async () => {
      const response = await fetch(origin, { headers: SOME_TOKEN })
      expect([response.status, await response.text()]).toEqual([504, 'too late'])
      await vi.waitFor(() => expect(ended).toHaveBeenCalled())
    })
    expect([crashes, run.mock.calls]).toEqual([[], []])
  })
})

describe('a response whose headers went out before the sessions', () => {
  test.each([
    ['at once', () => createSessions<Record<string, unknown>>()],
    ['later', () => createSessions<Record<string, unknown>>({ store: lateStore() })],
  ])('takes no login, for its token could not be told; the store answers %s', async (_, create) => {
    const sessions = create()
    const app = express()
    app.use((__, response, next) => {
      response.writeHead(200).write('begun ')
      next()
    })
    app.use(expressSessions(sessions))
    app.post('/', async (request, response) => {
      const code = await request.session.login('ada').then(
        () => 'logged in',
        (error: { code?: string }) => error.code,
      )
      response.end(code)
    })
    const response = await fetch(await open(createServer(app)), { method: 'POST' })
    expect(await response.text()).toBe('begun ERR_HEADERS_SENT')
    expect(await sessions.list('ada')).toEqual([])
  })
})
