import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { serve as serveHono } from '@hono/node-server'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { listen } from './support/node-reply.ts'
import { failingStore, lateStore } from './support/stores.ts'
import { toServer } from './support/web-reply.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of opened.splice(0)) await close()
})

const STORES = [
  ['fails at once', () => failingStore('create')],
  ['fails later', () => ({ ...lateStore(), create: () => Promise.reject(new Error('connect ECONNREFUSED')) })],
] as const

describe.each(STORES)('a store that %s: what the body that is not sent reads from is let go of', (_, createStore) => {
  const cancelled = vi.fn()
  const endless = (): Response => {
    cancelled.mockReset()
    return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(9)), cancel: cancelled }))
  }

  test('by fetch', async () => {
    const handler = withSession(createSessions({ store: createStore() }), (__, session) => {
      session.data.seen = 1
      return endless()
    })
    expect((await handler(new Request('https://shop.example/'))).status).toBe(503)
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
  })

  test('on Hono, by fetch and on node', async () => {
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: createStore() })))
    app.get('/', (c) => {
      c.var.session.data.seen = 1
      return endless()
    })
    expect((await app.request('https://shop.example/')).status).toBe(503)
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
    const server = await toServer((ready) => serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ready))
    opened.push(() => server.close())
    expect((await fetch(server.origin)).status).toBe(503)
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
  })

  test('on Koa: an outage leaves no file open, nor a web stream', async () => {
    const file = createReadStream(new URL(import.meta.url))
    const bodies: Record<string, () => unknown> = {
      '/file': () => file,
      '/web': () => endless().body,
      '/response': endless,
    }
    const app = new Koa()
    app.silent = true
    app.use(koaSessions(createSessions({ store: createStore() })))
    app.use((ctx) => {
      ctx.session.data.seen = 1
      ctx.body = bodies[ctx.path]?.()
    })
    const { origin, close } = await listen(createServer(app.callback()))
    opened.push(close)
    expect((await fetch(`${origin}/file`)).status).toBe(503)
    await vi.waitFor(() => expect(file.closed).toBe(true))
    for (const path of ['/web', '/response']) {
      expect((await fetch(origin + path)).status).toBe(503)
      await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
    }
  })

  test('on Fastify: an outage leaves no file open, nor a web stream', async () => {
    const file = createReadStream(new URL(import.meta.url))
    const bodies: Record<string, () => unknown> = {
      '/file': () => file,
      '/web': () => endless().body,
      '/response': endless,
    }
    const app = Fastify()
    opened.push(() => app.close())
    app.register(fastifySessions, { sessions: createSessions({ store: createStore() }) })
    app.get('/:kind', (request, reply) => {
      request.session.data.seen = 1
      return reply.send(bodies[request.url]?.())
    })
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    expect((await fetch(`${origin}/file`)).status).toBe(503)
    await vi.waitFor(() => expect(file.closed).toBe(true))
    for (const path of ['/web', '/response']) {
      expect((await fetch(origin + path)).status).toBe(503)
      await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
    }
  })
})

describe('a Response that has been sent before, in answer to a login', () => {
  async function used(): Promise<Response> {
    const response = new Response('welcome')
    await response.text()
    return response
  }

  test('by fetch, is an error that carries the token', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await used()
    const handler = withSession(createSessions(), async (_, session) => {
      await session.login('ada')
      return response
    })
    const answer = await handler(new Request('https://shop.example/', { method: 'POST' }))
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([500, 1])
  })

  test('on Hono, is an error that carries the token', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await used()
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.post('/', async (c) => {
      await c.var.session.login('ada')
      return response
    })
    const answer = await app.request('https://shop.example/', { method: 'POST' })
    expect([answer.status, answer.headers.getSetCookie().length]).toEqual([500, 1])
  })
})
