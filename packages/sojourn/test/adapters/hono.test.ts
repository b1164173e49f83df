import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { AdapterServer } from '@sojourn/conformance'
import { Hono } from 'hono'
import { createSessions, SessionError } from 'sojourn'
import { honoSessions } from 'sojourn/hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { toServer } from './support/web-reply.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serveNode(app: { fetch: Parameters<typeof serve>[0]['fetch'] }): Promise<string> {
  const server = await toServer((listening) => serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, listening))
  servers.push(server)
  return server.origin
}

describe('honoSessions', () => {
  test('runs the code of the quickstart as it is written', async () => {
    const sessions = createSessions()
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('/', (c) => c.text(c.var.session.userId ?? ''))
    const response = await app.request('/')
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('the session is the same by every name', async () => {
    const sessions = createSessions()
    const app = new Hono()
    app.use(honoSessions(sessions))
    app.get('/', (c) => c.json([sessions.get(c) === c.var.session, c.get('session') === c.var.session]))
    expect(await (await app.request('/')).json()).toEqual([true, true])
  })

  test.each(['read', 'create'] as const)("an outage reaches the application's onError (%s)", async (operation) => {
    const errors: unknown[] = []
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: failingStore(operation) })))
    app.get('/', (c) => {
      c.var.session.data.theme = 'dark'
      c.header('set-cookie', 'early=1')
      return c.text('secret', 201, { etag: '"1"', 'set-cookie': 'own=1' })
    })
    app.onError((error, c) => {
      errors.push(error)
      return c.text('sorry', 503)
    })
    const response = await app.request('http://localhost/', { headers: SOME_TOKEN })
    expect([response.status, await response.text()]).toEqual([503, 'sorry'])
    expect([response.headers.get('etag'), response.headers.getSetCookie()]).toEqual([null, []])
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STORE' })])
    expect(errors[0]).toBeInstanceOf(SessionError)
  })

  test.each(['read', 'create'] as const)("Hono's own error handler makes it a 503 (%s)", async (operation) => {
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: failingStore(operation) })))
    app.get('/', (c) => {
      c.var.session.data.theme = 'dark'
      return c.text('secret', 201, { etag: '"1"' })
    })
    for (const request of [
      () => app.request('http://localhost/', { headers: SOME_TOKEN }),
      async () => fetch(await serveNode(app), { headers: SOME_TOKEN }),
    ]) {
      const response = await request()
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
      expect(response.headers.get('etag')).toBe(null)
      expect(await response.text()).not.toMatch(/secret|ERR_|ECONN/)
    }
  })

  test.each(['node', 'web'])('a verb of a handler that meets an outage is a 503 too, on %s', async (how) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: failingStore('create') })))
    app.get('/', async (c) => {
      await c.var.session.login('ada')
      return c.text('secret')
    })
    const response = how === 'web' ? await app.request('http://localhost/') : await fetch(await serveNode(app))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('and stays what the application makes of it', async () => {
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: failingStore('create') })))
    app.get('/', (c) => c.var.session.login('ada').then(() => c.text('secret')))
    app.onError((_, c) => c.text('sorry', 502))
    expect((await app.request('http://localhost/')).status).toBe(502)
  })

  test("an application's error with the status 503 is left to Hono", async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.get('/', () => {
      throw Object.assign(new Error('of the application'), { status: 503 })
    })
    const response = await app.request('http://localhost/')
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error'])
  })

  test('one Response object for everybody never takes the cookie of one client to the next', async () => {
    const shared = new Response(null, { status: 204 })
    const app = new Hono()
    app.use(honoSessions(createSessions({ store: lateStore() })))
    app.all('/', (c) => {
      if (c.req.method === 'POST') c.var.session.data.theme = 'dark'
      return shared
    })
    const responses = await Promise.all(['POST', 'POST', 'GET'].map((method) => app.request('/', { method })))
    const cookies = responses.map((response) => response.headers.getSetCookie())
    expect(cookies.map((lines) => lines.length)).toEqual([1, 1, 0])
    expect(cookies[0]).not.toEqual(cookies[1])
  })

  test("cookies and headers of Hono's own helpers stay, once each", async () => {
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.get('/', (c) => {
      c.var.session.data.theme = 'dark'
      c.header('set-cookie', 'a=1', { append: true })
      c.header('set-cookie', 'b=2', { append: true })
      c.header('x-own', '1')
      return c.json({ ok: true })
    })
    const { headers } = await app.request('http://localhost/')
    expect(headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['a', 'b', 'session'])
    expect([headers.get('x-own'), headers.get('content-type')]).toEqual(['1', 'application/json'])
  })

  test("writes to node's own response are held back too", async () => {
    const store = lateStore()
    const create = vi.spyOn(store, 'create')
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.use(honoSessions(createSessions({ store })))
    app.get('/', (c) => {
      c.var.session.data.theme = 'dark'
      c.env.outgoing.writeHead(201, { 'x-own': '1' })
      c.env.outgoing.end('by hand')
      return RESPONSE_ALREADY_SENT
    })
    const response = await fetch(await serveNode(app))
    expect([response.status, await response.text()]).toEqual([201, 'by hand'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(create).toHaveBeenCalledOnce()
  })

  test('bindings as on Workers, Bun and Deno have no response of node', async () => {
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.get('/', (c) => c.json(c.var.session.userId))
    const response = await app.request('/', {}, { KV: {} })
    expect([response.status, await response.json()]).toEqual([200, null])
  })

  test('bindings that an application calls so are not taken for those of node', async () => {
    const app = new Hono()
    app.use(honoSessions(createSessions()))
    app.get('/', (c) => c.json(c.var.session.userId))
    const response = await app.request('/', {}, { incoming: { get: () => null }, outgoing: 'queue' })
    expect(await response.json()).toBe(null)
  })

  test('the address is known on node-server, asked for elsewhere, and a proxy is believed when told to', async () => {
    const seen = async (options: Parameters<typeof honoSessions>[1], how: 'node' | 'web'): Promise<unknown> => {
      const { guard, views } = spyGuard()
      const sessions = createSessions({ guards: [guard] })
      const app = new Hono()
      app.use(honoSessions(sessions, options))
      app.get('*', (c) => c.json(views.map(({ url, secure, peer }) => ({ url, secure, peer }))))
      const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
      const request = new Request(`${how === 'node' ? await serveNode(app) : 'http://localhost'}/a?x=1`, { headers })
      return (how === 'node' ? await fetch(request) : await app.fetch(request)).json()
    }
    const peer = (): string => '198.51.100.1'
    expect(await seen({}, 'node')).toEqual([{ url: '/a?x=1', secure: false, peer: '127.0.0.1' }])
    expect(await seen({ trustProxy: 1 }, 'node')).toEqual([{ url: '/a?x=1', secure: true, peer: '192.0.2.7' }])
    expect(await seen({}, 'web')).toEqual([{ url: '/a?x=1', secure: false, peer: null }])
    expect(await seen({ peer }, 'web')).toEqual([{ url: '/a?x=1', secure: false, peer: '198.51.100.1' }])
    expect(await seen({ peer, trustProxy: 1 }, 'web')).toEqual([{ url: '/a?x=1', secure: true, peer: '192.0.2.7' }])
  })
})
