import { once } from 'node:events'
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import websocket from '@fastify/websocket'
import { serve as serveHono, upgradeWebSocket, type WebSocketServerLike } from '@hono/node-server'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { Server as SocketIo } from 'socket.io'
import { io } from 'socket.io-client'
import { createSessions, type Session, type SessionError, type Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { listen } from './support/node-reply.ts'
import { OUTCOMES, openFromPages, PAGES } from './support/sockets.ts'
import { lateStore, SOME_TOKEN } from './support/stores.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Ada's cookie, as her browser sends it. */
async function cookieOf(sessions: Sessions<object>): Promise<string> {
  const login = withSession(sessions, async (_, session) => {
    await session.login('ada')
    return new Response()
  })
  const response = await login(new Request('https://www.shop.example/', { method: 'POST' }))
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** The first message of a socket's handler, after a login on the socket was refused. */
async function greet(session: Session<object>): Promise<string> {
  const code = await session.login('eve').then(
    () => 'logged in',
    (error: SessionError) => error.code,
  )
  return code === 'ERR_NO_HEADERS' ? `hello ${session.userId}` : code
}

describe('a page of a sibling host cannot talk as the user over a WebSocket, and no handler can log in on one', () => {
  test('@fastify/websocket', async () => {
    const sessions = createSessions({ store: lateStore() })
    const app = Fastify({ forceCloseConnections: true })
    closing.push(() => app.close())
    app.register(fastifySessions, { sessions })
    app.register(websocket)
    app.register(async (scope) => {
      scope.get('/chat', { websocket: true }, async (socket, request) => {
        socket.send(await greet(sessions.get(request)))
      })
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    expect(await openFromPages(`${origin}/chat`.replace('http', 'ws'), await cookieOf(sessions))).toEqual(OUTCOMES)
  })

  test('ws', async () => {
    const sessions = createSessions({ store: lateStore() })
    const sockets = new WebSocketServer({ noServer: true })
    const open = nodeSessions(sessions)
    const server = createServer()
    server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
      const response = new ServerResponse(request)
      response.assignSocket(connection)
      open(request, response, (error) => {
        if (error !== undefined) return void connection.destroy()
        response.detachSocket(connection)
        sockets.handleUpgrade(request, connection, head, async (socket) => {
          socket.send(await greet(sessions.get(request)))
        })
      })
    })
    const { origin, close } = await listen(server)
    closing.push(close, () => sockets.close())
    expect(await openFromPages(origin.replace('http', 'ws'), await cookieOf(sessions))).toEqual(OUTCOMES)
  })

  test('Koa and ws', async () => {
    const sessions = createSessions({ store: lateStore() })
    const sockets = new WebSocketServer({ noServer: true })
    const heads = new WeakMap<IncomingMessage, [Socket, Buffer]>()
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use((ctx) => {
      const [connection, head] = heads.get(ctx.req) ?? []
      if (connection === undefined || head === undefined) return
      ctx.respond = false
      ctx.res.detachSocket(connection)
      sockets.handleUpgrade(ctx.req, connection, head, async (socket) => socket.send(await greet(sessions.get(ctx))))
    })
    const server = createServer()
    const handle = app.callback()
    server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
      const response = new ServerResponse(request)
      response.assignSocket(connection)
      heads.set(request, [connection, head])
      handle(request, response)
    })
    const { origin, close } = await listen(server)
    closing.push(close, () => sockets.close())
    expect(await openFromPages(origin.replace('http', 'ws'), await cookieOf(sessions))).toEqual(OUTCOMES)
  })

  test('Hono on node-server', async () => {
    const sessions = createSessions({ store: lateStore() })
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get(
      '/chat',
      upgradeWebSocket((c) => ({ onOpen: async (_, socket) => socket.send(await greet(sessions.get(c))) })),
    )
    const server = serveHono({
      fetch: app.fetch,
      port: 0,
      hostname: '127.0.0.1',
      websocket: { server: new WebSocketServer({ noServer: true }) as WebSocketServerLike },
    })
    closing.push(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await openFromPages(`ws://127.0.0.1:${port}/chat`, await cookieOf(sessions))).toEqual(OUTCOMES)
  })

  test('socket.io, on its WebSocket', async () => {
    const sessions = createSessions({ store: lateStore() })
    const server = createServer()
    const sockets = new SocketIo(server)
    sockets.engine.use(expressSessions(sessions))
    sockets.on('connection', async (socket) => socket.send(await greet(sessions.get(socket.request))))
    const { origin, close } = await listen(server)
    closing.push(() => sockets.close(), close)
    const cookie = await cookieOf(sessions)
    const outcomes: Record<string, unknown> = {}
    for (const [page, headers] of Object.entries(PAGES)) {
      const client = io(origin, {
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
        extraHeaders: { host: 'www.shop.example', cookie, ...headers },
      })
      outcomes[page] = await new Promise((resolve) => {
        client.once('message', resolve)
        client.once('connect_error', () => resolve(403))
      })
      client.close()
    }
    expect(outcomes).toEqual(OUTCOMES)
  })

  test('an upgrade in a fetch handler, as on Bun, Deno and Workers', async () => {
    const sessions = createSessions({ store: lateStore() })
    const handler = withSession(sessions, async (_, session) => new Response(await greet(session)))
    const cookie = await cookieOf(sessions)
    const outcomes: Record<string, unknown> = {}
    for (const [page, headers] of Object.entries(PAGES)) {
      const upgrade = { upgrade: 'websocket', host: 'www.shop.example', cookie, ...headers }
      const response = await handler(new Request('https://www.shop.example/chat', { headers: upgrade }))
      outcomes[page] = response.ok ? await response.text() : response.status
    }
    expect(outcomes).toEqual(OUTCOMES)
  })

  test('the extended CONNECT of HTTP/2', async () => {
    const sessions = createSessions({ store: lateStore() })
    const greeter = withNodeSession(
      sessions,
      async (_: Http2ServerRequest, response: Http2ServerResponse, session: Session<object>) =>
        void response.end(await greet(session)),
    )
    const server = createHttp2Server({ settings: { enableConnectProtocol: true } }, greeter)
    server.on('connect', greeter)
    const { origin, close } = await listen(server)
    const client = connect(origin)
    closing.push(close, () => client.destroy())
    await once(client, 'remoteSettings')
    const cookie = await cookieOf(sessions)
    const outcomes: Record<string, unknown> = {}
    for (const [page, headers] of Object.entries(PAGES)) {
      const stream = client.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/chat',
        ':scheme': 'https',
        ':authority': 'www.shop.example',
        cookie,
        ...headers,
      })
      const [{ ':status': status }] = await once(stream, 'response')
      let body = ''
      for await (const text of stream.setEncoding('utf8')) body += text
      outcomes[page] = status === 200 ? body : status
    }
    expect(outcomes).toEqual(OUTCOMES)
  })
})

test('@fastify/websocket, when the store cannot answer: the handshake gets its 503, and the connection is closed', async () => {
  const read = () => Promise.reject(new Error('connect ECONNREFUSED'))
  const app = Fastify({ forceCloseConnections: true })
  closing.push(() => app.close())
  app.register(fastifySessions, { sessions: createSessions({ store: { ...lateStore(), read } }) })
  app.register(websocket)
  app.register(async (scope) => {
    scope.get('/chat', { websocket: true }, (socket) => socket.close())
  })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const { hostname, port } = new URL(origin)
  const socket = connectSocket(Number(port), hostname).setEncoding('latin1')
  socket.write(
    `GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${SOME_TOKEN.cookie}\r\n\r\n`,
  )
  expect(await text(socket)).toMatch(/^HTTP\/1.1 503 /)
})
