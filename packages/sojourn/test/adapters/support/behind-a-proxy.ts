import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import websocket from '@fastify/websocket'
import { serve as serveHono, upgradeWebSocket, type WebSocketServerLike } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import type { Session, Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { nodeSessions, withNodeSession } from 'sojourn/node'
import { WebSocketServer } from 'ws'

export interface Backend {
  readonly port: number
  close(): unknown
}

/** Logs ada in at a POST, and tells who is there; a socket at /chat does so too. `trust`: how many proxies in front. */
export type StartBackend = (sessions: Sessions<object>, trust: number | false) => Promise<Backend>

async function answer(method: string, session: Session<object>): Promise<string> {
  if (method === 'POST') await session.login('ada')
  return `hello ${session.userId} ${session.device?.ip}`
}

export const BACKENDS: Readonly<Record<string, StartBackend>> = {
  async 'node:http'(sessions, trust) {
    const handle = withNodeSession(
      sessions,
      async (request, response, session) => void response.end(await answer(request.method ?? '', session)),
      { trustProxy: trust },
    )
    return listen(createServer(handle), sessions, trust)
  },

  async Express(sessions, trust) {
    const app = express()
    app.set('trust proxy', trust)
    app.use(expressSessions(sessions))
    app.use(async (request, response) => void response.send(await answer(request.method, request.session)))
    return listen(createServer(app), sessions, trust)
  },

  async Fastify(sessions, trust) {
    // A number trusts nobody in Fastify 5.12. It goes by addresses: the proxy's, then the client's own, as if that were one.
    const trustProxy = ['127.0.0.1', '127.0.0.2'].slice(0, Number(trust))
    const app = Fastify({ forceCloseConnections: true, trustProxy: trust === false ? false : trustProxy })
    app.register(fastifySessions, { sessions })
    app.register(websocket)
    app.register(async (scope) => {
      scope.get('/chat', { websocket: true }, (socket, { session }) => socket.send(`hello ${session.userId}`))
      scope.post('/', ({ method, session }) => answer(method, session))
      scope.get('/', ({ method, session }) => answer(method, session))
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },

  async Hono(sessions, trust) {
    const app = new Hono()
    app.use(honoSessions(sessions, { trustProxy: trust }))
    app.get(
      '/chat',
      upgradeWebSocket((c) => ({ onOpen: (_, socket) => socket.send(`hello ${sessions.get(c).userId}`) })),
    )
    app.all('/', async (c) => c.text(await answer(c.req.method, sessions.get(c))))
    const sockets = new WebSocketServer({ noServer: true }) as unknown as WebSocketServerLike
    const server = await new Promise<ReturnType<typeof serveHono>>((ready) => {
      const started = serveHono(
        { fetch: app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: sockets } },
        () => ready(started),
      )
    })
    return { port: (server.address() as AddressInfo).port, close: () => server.close() }
  },
}

/** The sockets of node:http and Express are those of `ws`. */
async function listen(
  server: ReturnType<typeof createServer>,
  sessions: Sessions<object>,
  trustProxy: number | false,
): Promise<Backend> {
  const sockets = new WebSocketServer({ noServer: true })
  const open = nodeSessions(sessions, { trustProxy })
  server.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
    connection.on('error', () => connection.destroy())
    const response = new ServerResponse(request)
    response.assignSocket(connection)
    response.once('finish', () => connection.end())
    open(request, response, (error) => {
      if (error !== undefined) return void connection.destroy()
      response.detachSocket(connection)
      sockets.handleUpgrade(request, connection, head, (socket) => {
        // A proxy that is stopped can send a frame that `ws` refuses.
        socket.on('error', () => socket.terminate())
        socket.send(`hello ${sessions.get(request).userId}`)
      })
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, close }
}
