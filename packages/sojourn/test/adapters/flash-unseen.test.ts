import { createServer } from 'node:http'
import type { AdapterServer } from '@sojourn/conformance'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, type Session } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { afterEach, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

type Send = (path: string, cookie: string) => Promise<Response>

/** Sets a message, takes it and answers with a server error, takes it. */
function act(path: string, { flash }: Pick<Session, 'flash'>): { status: number; text: string } {
  if (path === '/set') flash.set('note', 'Saved.')
  const text = path === '/set' ? 'set' : String(flash.take('note'))
  return { status: path === '/broken' ? 500 : 200, text }
}

const ADAPTERS: Record<string, () => Promise<Send>> = {
  async Express() {
    const app = express()
    app.use(expressSessions(createSessions()))
    app.use((req, res) => {
      const { status, text } = act(req.path, req.session)
      res.status(status).send(text)
    })
    const server = await listen(createServer(app))
    servers.push(server)
    return (path, cookie) => fetch(server.origin + path, { headers: { cookie } })
  },
  async 'Express, by writeHead'() {
    const app = express()
    app.use(expressSessions(createSessions()))
    app.use((req, res) => {
      const { status, text } = act(req.path, req.session)
      res.writeHead(status).end(text)
    })
    const server = await listen(createServer(app))
    servers.push(server)
    return (path, cookie) => fetch(server.origin + path, { headers: { cookie } })
  },
  async Fastify() {
    const app = fastify()
    app.register(fastifySessions, { sessions: createSessions() })
    app.get('/*', async (request, reply) => {
      const { status, text } = act(request.url, request.session)
      return reply.code(status).send(text)
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    servers.push({ origin, close: async () => void (await app.close()) })
    return (path, cookie) => fetch(origin + path, { headers: { cookie } })
  },
  async Koa() {
    const app = new Koa()
    app.use(koaSessions(createSessions()))
    app.use((ctx) => {
      const { status, text } = act(ctx.path, ctx.session)
      ctx.status = status
      ctx.body = text
    })
    const server = await listen(createServer(app.callback()))
    servers.push(server)
    return (path, cookie) => fetch(server.origin + path, { headers: { cookie } })
  },
  async Hono() {
    const sessions = createSessions()
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('/*', (c) => {
      const { status, text } = act(c.req.path, sessions.get(c))
      return new Response(text, { status })
    })
    return async (path, cookie) => app.request(`http://localhost${path}`, { headers: { cookie } })
  },
  async fetch() {
    const handle = withSession(createSessions(), (request, session) => {
      const { status, text } = act(new URL(request.url).pathname, session)
      return new Response(text, { status })
    })
    return (path, cookie) => handle(new Request(`http://localhost${path}`, { headers: { cookie } }))
  },
}

test.each(Object.entries(ADAPTERS))(
  '%s: a message on a page that failed is shown on the next one',
  async (_, start) => {
    const send = await start()
    const [cookie = ''] = ((await send('/set', '')).headers.get('set-cookie') ?? '').split(';')
    expect(await (await send('/broken', cookie)).text()).toBe('Saved.')
    expect(await (await send('/page', cookie)).text()).toBe('Saved.')
    expect(await (await send('/page', cookie)).text()).toBe('undefined')
  },
)
