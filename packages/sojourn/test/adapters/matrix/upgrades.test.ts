import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import websocket from '@fastify/websocket'
import { serve, upgradeWebSocket, type WebSocketServerLike } from '@hono/node-server'
import createConnect from 'connect'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, memoryStore, type Sessions, type Store } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ERA_ID } from '../../../src/core/request/eras.ts'
import { listen } from '../support/node-reply.ts'
import { SOME_TOKEN } from '../support/stores.ts'

/** WebSocket handshakes: adapter × store, with the bare framework as the judge. A store that is down is a 503. */
type AnySessions = Sessions<Record<string, unknown>>
type Serve = (sessions: AnySessions | null) => Promise<string>

const closing: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of closing.splice(0).reverse()) await close()
})
beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const outage = (): never => {
  throw new Error('connect ECONNREFUSED')
}

const STORES: readonly [string, Partial<Store>, string | number][] = [
  ['answers at once', {}, 'hello'],
  ['answers later', { read: () => tick().then(() => null) }, 'hello'],
  ['fails at once', { read: outage }, 503],
  ['fails later', { read: () => tick().then(outage) }, 503],
]

/** node hands out a connection; an application of any kind gets it as a request, and the last handler opens the socket. */
async function serveUpgrades(
  createApp: (open: (request: IncomingMessage) => void) => RequestListener,
): Promise<string> {
  const sockets = new WebSocketServer({ noServer: true })
  const heads = new WeakMap<IncomingMessage, () => void>()
  const app = createApp((request) => heads.get(request)?.())
  const server = createServer()
  server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
    const response = new ServerResponse(request)
    response.assignSocket(connection)
    heads.set(request, () => {
      response.detachSocket(connection)
      sockets.handleUpgrade(request, connection, head, (socket) => socket.send('hello'))
    })
    app(request, response)
  })
  const { origin, close } = await listen(server)
  closing.push(close, () => sockets.close())
  return origin
}

function serveExpress(createApp: typeof express): Serve {
  return (sessions) =>
    serveUpgrades((open) => {
      const app = createApp()
      app.set('env', 'production')
      if (sessions !== null) app.use(expressSessions(sessions))
      app.use((request) => open(request))
      return app
    })
}

async function serveFastify(sessions: AnySessions | null): Promise<string> {
  const app = Fastify({ forceCloseConnections: true })
  closing.push(() => app.close())
  if (sessions !== null) app.register(fastifySessions, { sessions: sessions as Sessions<object> })
  app.register(websocket)
  app.register(async (scope) => {
    scope.get('/', { websocket: true }, (socket) => socket.send('hello'))
  })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

async function serveHono(sessions: AnySessions | null): Promise<string> {
  const app = new Hono()
  if (sessions !== null) app.use(honoSessions(sessions))
  app.get(
    '/',
    upgradeWebSocket(() => ({ onOpen: (_, socket) => socket.send('hello') })),
  )
  const sockets = new WebSocketServer({ noServer: true }) as WebSocketServerLike
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: sockets } })
  closing.push(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serveKoa: Serve = (sessions) =>
  serveUpgrades((open) => {
    const app = new Koa()
    app.silent = true
    if (sessions !== null) app.use(koaSessions(sessions))
    app.use((ctx) => {
      ctx.respond = false
      open(ctx.req)
    })
    return app.callback()
  })

const COLUMNS: readonly [string, Serve][] = [
  [
    'node:http',
    (sessions) =>
      serveUpgrades((open) => (sessions === null ? open : withNodeSession(sessions, (request) => open(request)))),
  ],
  [
    'Connect',
    (sessions) =>
      serveUpgrades((open) => {
        const app = createConnect()
        if (sessions !== null) app.use(nodeSessions(sessions) as never)
        return app.use((request: IncomingMessage) => open(request))
      }),
  ],
  ['Express 4', serveExpress(express4)],
  ['Express 5', serveExpress(express)],
  ['Fastify', serveFastify],
  ['Koa', serveKoa],
  ['Hono on node', serveHono],
]

/** The first message, or the status of the refusal; and whether the server lets go of the connection. */
async function shake(origin: string): Promise<unknown> {
  const socket = new WebSocket(origin.replace('http', 'ws'), { headers: SOME_TOKEN })
  socket.on('error', () => {})
  try {
    return await new Promise<unknown>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)))
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode))
      socket.once('close', () => reject(new Error('The connection closed without an answer.')))
    })
  } finally {
    socket.removeAllListeners('close').terminate()
  }
}

describe.each(COLUMNS)('%s', (_, serveColumn) => {
  test.each(STORES)('a store that %s', async (__, store, outcome) => {
    // Without sessions the socket opens.
    expect(await shake(await serveColumn(null))).toBe('hello')
    const read = vi.fn(store.read ?? memoryStore().read)
    const sessions = createSessions<Record<string, unknown>>({ store: { ...memoryStore(), read } })
    const origin = await serveColumn(sessions)
    expect(await shake(origin)).toBe(outcome)
    // Once more: no connection, and no state of one, is left over from the first.
    expect(await shake(origin)).toBe(outcome)
    // The marker of `endAll` is read now and then. It is no part of what a request does.
    expect(read.mock.calls.filter(([id]) => id !== ERA_ID)).toHaveLength(2)
  })
})
