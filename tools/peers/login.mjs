/** Logs in over HTTP on every framework that is installed beside this file, with each store that needs no server. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, memoryStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { liveWebSockets } from 'sojourn/live/ws'
import { toNodeHandler, withNodeSession } from 'sojourn/node'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { WebSocket } from 'ws'

/** @typedef {ReturnType<typeof createSessions>} Sessions */
/** @typedef {import('sojourn').Session} Session */

/** @param {{ method?: string | undefined }} request @param {Session} session */
async function userOf({ method }, session) {
  if (method === 'POST') await session.login('ada')
  return { user: session.userId }
}

/** @type {Record<string, (sessions: Sessions) => unknown>} what listens, on a free port */
const SERVERS = {
  express(sessions) {
    const app = express()
    app.use(expressSessions(sessions))
    app.use((request, response, next) => {
      userOf(request, sessions.get(request)).then((user) => response.json(user), next)
    })
    return app.listen(0)
  },
  async fastify(sessions) {
    const app = Fastify({ forceCloseConnections: true })
    app.register(fastifySessions, { sessions })
    app.all('/', (request) => userOf(request, request.session))
    await app.listen({ port: 0 })
    return app.server
  },
  hono(sessions) {
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.all('/', async (c) => c.json(await userOf(c.req, sessions.get(c))))
    return serve({ fetch: app.fetch, port: 0 })
  },
  koa(sessions) {
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use(async (ctx) => {
      ctx.body = await userOf(ctx, sessions.get(ctx))
    })
    return app.listen(0)
  },
  'node:http'(sessions) {
    const handler = withNodeSession(sessions, async (request, response, session) => {
      response.end(JSON.stringify(await userOf(request, session)))
    })
    return createServer((request, response) => void handler(request, response)).listen(0)
  },
  fetch(sessions) {
    const handler = withSession(sessions, async (request, session) => Response.json(await userOf(request, session)))
    return createServer(toNodeHandler((request) => handler(request))).listen(0)
  },
}

/** @param {import('node:http').Server} server */
async function visit(server) {
  if (!server.listening) await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const ask = async (method = 'GET', cookie = '') => {
    const response = await fetch(`http://localhost:${address.port}/`, { method, headers: { cookie } })
    return { body: await response.json(), cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
  }
  assert.deepEqual((await ask()).body, { user: null })
  const { cookie } = await ask('POST')
  assert.deepEqual((await ask('GET', cookie)).body, { user: 'ada' })
  return cookie
}

/** @param {import('node:http').Server} server @param {Sessions} sessions @param {string} cookie */
async function connect(server, sessions, cookie) {
  const sockets = liveWebSockets(sessions, { server })
  sockets.on('connection', (socket, session) => socket.send(session.userId ?? 'nobody'))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const socket = new WebSocket(`ws://localhost:${port}`, { headers: { cookie, origin: `http://localhost:${port}` } })
  const closed = once(socket, 'close')
  assert.equal(String((await once(socket, 'message'))[0]), 'ada')
  await sessions.revokeAll('ada')
  assert.equal((await closed)[0], 4401)
  await sockets.close()
}

for (const [name, start] of Object.entries(SERVERS)) {
  for (const store of [memoryStore(), lmdbStore({ path: mkdtempSync(join(tmpdir(), 'sojourn-login-')) })]) {
    const sessions = createSessions({ store })
    const server = /** @type {import('node:http').Server} */ (await start(sessions))
    const cookie = await visit(server)
    if (name === 'node:http') await connect(server, sessions, cookie)
    server.closeAllConnections()
    server.close()
    await sessions.close()
    console.log(`  login on ${name}, ${store.name}`)
  }
}
process.exit(0)
