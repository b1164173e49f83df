import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve as serveHono } from '@hono/node-server'
import type { AdapterServer } from '@sojourn/conformance'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, type Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { withNodeSession } from 'sojourn/node'
import { afterEach, describe, expect, test } from 'vitest'
import { createClock, HOUR } from '../core/kit.ts'
import { listen } from './support/node-reply.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'
import { toServer } from './support/web-reply.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server: AdapterServer = await listen(createServer(listener))
  closing.push(() => server.close())
  return server.origin
}

/** The headers that a cache in front of the server would obey. */
function cachingOf({ headers }: Response): unknown {
  return [headers.get('cache-control'), headers.get('surrogate-control'), headers.get('cdn-cache-control')]
}

const CLOSED = ['no-store', null, null]
const PUBLIC = {
  'cache-control': 'public, max-age=86400',
  'surrogate-control': 'max-age=86400',
  'cdn-cache-control': 'max-age=86400',
}
/** The ways in which node takes headers. */
const WAYS_TO_WRITE = {
  object: PUBLIC,
  'flat list': Object.entries(PUBLIC).flat(),
  'list of pairs': Object.entries(PUBLIC),
} as const

describe('a cache that shares responses gets no token', () => {
  test('with a static file that a renewal rides along with', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-static-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'app.js'), 'const app = 1')
    const clock = createClock()
    const app = express()
    app.use(expressSessions(createSessions({ store: lateStore(), clock, timeouts: { idle: '2h', renew: '1h' } })))
    app.post('/login', async (request, response) => {
      await request.session.login('ada')
      response.end()
    })
    app.use(express.static(folder, { maxAge: '1d' }))
    const visitor = createVisitor(await serve(app))
    await visitor.fetch('/login', { method: 'POST' })
    expect((await visitor.fetch('/app.js')).headers.get('cache-control')).toBe('public, max-age=86400')
    clock.advance(HOUR)
    const renewed = await visitor.fetch('/app.js')
    expect([renewed.headers.getSetCookie().length, await renewed.text()]).toEqual([1, 'const app = 1'])
    expect(renewed.headers.get('cache-control')).toBe('no-store')
  })

  test.each(Object.entries(WAYS_TO_WRITE))('when writeHead is given its headers as %s', async (_, headers) => {
    const sessions = createSessions({ store: lateStore() })
    const origin = await serve(
      withNodeSession(sessions, async (_request, response, session) => {
        await session.login('ada')
        response.setHeader('surrogate-control', 'max-age=5')
        response.writeHead(200, headers as Record<string, string>).end()
      }),
    )
    const response = await fetch(origin, { method: 'POST' })
    expect([response.headers.getSetCookie().length, ...(cachingOf(response) as unknown[])]).toEqual([1, ...CLOSED])
  })

  test.each(['reply', 'Response', 'both', 'hook', 'raw', 'hijack'])('on Fastify, set by %s', async (how) => {
    const app = Fastify()
    closing.push(() => app.close())
    app.register(fastifySessions, { sessions: createSessions({ store: lateStore() }) })
    // A plugin that is registered later has the last word in Fastify's own chain.
    app.addHook('onSend', async (_, reply) => {
      if (how === 'hook') reply.headers(PUBLIC)
    })
    app.post('/', async (request, reply) => {
      await request.session.login('ada')
      if (how === 'reply' || how === 'both') reply.headers(PUBLIC)
      if (how === 'Response' || how === 'both') return reply.send(new Response('x', { headers: PUBLIC }))
      if (how === 'raw') for (const [name, value] of Object.entries(PUBLIC)) reply.raw.setHeader(name, value)
      if (how !== 'hijack') return 'x'
      reply.hijack()
      reply.raw.writeHead(200, PUBLIC).end('x')
      return reply
    })
    const response = await fetch(await app.listen({ port: 0, host: '127.0.0.1' }), { method: 'POST' })
    expect(await response.text()).toBe('x')
    expect(cachingOf(response)).toEqual(CLOSED)
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test.each(['handler', 'around', 'by hand'])('on Koa, set by %s', async (how) => {
    const app = new Koa()
    app.use(async (ctx, next) => {
      await next()
      if (how === 'around') ctx.set(PUBLIC)
    })
    app.use(koaSessions(createSessions({ store: lateStore() })))
    app.use(async (ctx) => {
      await ctx.session.login('ada')
      if (how === 'handler') ctx.set(PUBLIC)
      ctx.body = 'x'
      if (how !== 'by hand') return
      ctx.respond = false
      ctx.res.writeHead(200, PUBLIC).end('x')
    })
    const response = await fetch(await serve(app.callback()), { method: 'POST' })
    expect([await response.text(), response.headers.getSetCookie().length]).toEqual(['x', 1])
    expect(cachingOf(response)).toEqual(CLOSED)
  })

  test('on Hono for node, set by middleware around the sessions', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      for (const [name, value] of Object.entries(PUBLIC)) c.header(name, value)
    })
    app.use(honoSessions(createSessions({ store: lateStore() })))
    app.post('/', async (c) => {
      await c.var.session.login('ada')
      return c.text('x')
    })
    const server = await toServer((listening) =>
      serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, listening),
    )
    closing.push(() => server.close())
    const response = await fetch(server.origin, { method: 'POST' })
    expect([await response.text(), response.headers.getSetCookie().length]).toEqual(['x', 1])
    expect(cachingOf(response)).toEqual(CLOSED)
  })

  test('by fetch, from a response whose headers cannot be changed', async () => {
    const handler = withSession(createSessions(), async (_, session) => {
      await session.login('ada')
      return fetch(`data:text/plain,x`)
    })
    const response = await handler(new Request('http://localhost/', { method: 'POST' }))
    expect([await response.text(), response.headers.get('cache-control')]).toEqual(['x', 'no-store'])
  })
})

test('an error that takes the place of a public response is not kept by a CDN', async () => {
  const sessions = createSessions({ store: failingStore('create') })
  const origin = await serve(
    withNodeSession(sessions, (_, response, session) => {
      session.data.theme = 'dark'
      response.writeHead(200, PUBLIC).end('secret')
    }),
  )
  const response = await fetch(origin)
  expect([response.status, ...(cachingOf(response) as unknown[])]).toEqual([503, ...CLOSED])
})

describe('a Response object that an application hands out again', () => {
  const adapters = {
    fetch: (sessions: Sessions<object>, answer: Response) =>
      withSession(sessions, async (request, session) => {
        if (request.url.endsWith('/login')) await session.login('ada')
        void session.userId
        return answer
      }),
    'Hono by fetch': (sessions: Sessions<object>, answer: Response) => {
      const app = new Hono()
      app.use(honoSessions(sessions))
      app.all('*', async (c) => {
        if (c.req.path === '/login') await c.var.session.login('ada')
        void c.var.session.userId
        return answer
      })
      return (request: Request) => app.fetch(request)
    },
  }

  test.each(Object.entries(adapters))(
    'takes nothing of one client to the next, and stays as it was: %s',
    async (_, toHandler) => {
      const nothing = new Response(null, { status: 204 })
      const handler = toHandler(createSessions(), nothing)
      const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
        handler(new Request(`http://localhost${path}`, { method: 'POST', headers }))

      const anonymous = await ask('/')
      expect(anonymous.headers.get('cache-control')).toBe('private, no-cache')
      const [cookie = ''] = (await ask('/login')).headers.getSetCookie()[0]?.split(';') ?? []
      const known = await ask('/', { cookie })
      expect(known.headers.get('cache-control')).toBe('no-store')
      expect([...nothing.headers]).toEqual([])
    },
  )

  test('on Hono for node too', async () => {
    const nothing = new Response(null, { status: 204 })
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.all('*', async (c) => {
      if (c.req.path === '/login') await c.var.session.login('ada')
      void c.var.session.userId
      return nothing
    })
    const server = await toServer((listening) =>
      serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, listening),
    )
    closing.push(() => server.close())
    const visitor = createVisitor(server.origin)
    expect((await visitor.fetch('/')).headers.get('cache-control')).toBe('private, no-cache')
    await visitor.fetch('/login', { method: 'POST' })
    expect((await visitor.fetch('/')).headers.get('cache-control')).toBe('no-store')
    expect([...nothing.headers]).toEqual([])
    expect((await fetch(server.origin, { headers: SOME_TOKEN })).status).toBe(204)
  })
})
