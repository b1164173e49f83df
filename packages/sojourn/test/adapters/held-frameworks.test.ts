import { createReadStream } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { serve as serveHono } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { AdapterServer } from '@sojourn/conformance'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createSessions, memoryStore, type Store } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { withSession } from 'sojourn/fetch'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { listen } from './support/node-reply.ts'
import { lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'
import { toServer } from './support/web-reply.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const close of opened.splice(0)) await close()
})

/** An application whose log lines are kept. */
function createFastify(
  store: Store,
  before: (app: FastifyInstance) => void = () => {},
): { app: FastifyInstance; lines: string[] } {
  const lines: string[] = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } })
  before(app)
  app.register(fastifySessions, { sessions: createSessions({ store }) })
  opened.push(() => app.close())
  return { app, lines }
}

const STORES: [string, () => Store][] = [
  ['at once', memoryStore],
  ['later', lateStore],
]

/** A store that keeps logins, and fails what writes data after it. */
function readOnlyData(): Store {
  const store = lateStore()
  return {
    ...store,
    write: async (id, change) => {
      if (change.set !== undefined) throw new Error('connect ECONNREFUSED')
      return store.write(id, change)
    },
  }
}

describe.each(STORES)(
  'Fastify, a store that answers %s: the first answer goes out with its cookie',
  (_, createStore) => {
    test.each<[string, (app: FastifyInstance) => void]>([
      [
        'and an error after it is logged',
        (app) =>
          app.get('/', async (request, reply) => {
            request.session.data.a = 1
            reply.send('first')
            await null
            throw new Error('after the send')
          }),
      ],
      [
        'and a value returned after it is logged',
        (app) =>
          app.get('/', async (request, reply) => {
            request.session.data.a = 1
            reply.send('first')
            return 'second'
          }),
      ],
      [
        'and a second send is logged',
        (app) =>
          app.get('/', (request, reply) => {
            request.session.data.a = 1
            reply.send('first')
            reply.send('second')
          }),
      ],
      [
        'and an error thrown after it at once is logged',
        (app) =>
          app.get('/', (request, reply) => {
            request.session.data.a = 1
            reply.send('first')
            throw new Error('after the send')
          }),
      ],
    ])('%s', async (__, route) => {
      const { app, lines } = createFastify(createStore())
      route(app)
      const origin = await app.listen({ port: 0, host: '127.0.0.1' })
      const response = await fetch(origin)
      expect([response.status, await response.text()]).toEqual([200, 'first'])
      expect(response.headers.getSetCookie()).toHaveLength(1)
      await vi.waitFor(() => expect(lines).not.toEqual([]))
      expect((await fetch(origin)).status).toBe(200)
    })

    test('a hook of somebody else that answers later, before ours: nothing is sent twice, and the process lives', async () => {
      const { app, lines } = createFastify(createStore(), (bare) => {
        bare.addHook('onSend', () => new Promise<void>((resolve) => setImmediate(resolve)))
      })
      app.get('/', async (request, reply) => {
        request.session.data.a = 1
        reply.send('first')
        reply.send('second')
        return reply
      })
      const origin = await app.listen({ port: 0, host: '127.0.0.1' })
      const response = await fetch(origin)
      expect([response.status, await response.text()]).toEqual([200, 'first'])
      expect(response.headers.getSetCookie()).toHaveLength(1)
      await vi.waitFor(() => expect(lines.join()).toContain('already sent'))
      expect((await fetch(origin)).status).toBe(200)
    })

    test('a file that is not there is an error page, not the end of the process', async () => {
      const { app } = createFastify(createStore())
      app.get('/', (request, reply) => {
        request.session.data.a = 1
        reply.send(createReadStream('/no/such/file'))
      })
      const response = await fetch(await app.listen({ port: 0, host: '127.0.0.1' }))
      expect(response.status).toBe(500)
      expect(response.headers.getSetCookie()).toHaveLength(1)
    })

    test('a response that node refuses to send is an error, with the cookie of the login before it', async () => {
      const { app } = createFastify(createStore())
      app.get('/', async (request, reply) => {
        await request.session.login('ada')
        reply.header('x-name', 'Jürgen 😀')
        return 'never'
      })
      app.setErrorHandler((error, __, reply) => {
        reply
          .removeHeader('x-name')
          .code(500)
          .send(String((error as { code?: string }).code))
      })
      const response = await fetch(await app.listen({ port: 0, host: '127.0.0.1' }))
      expect([response.status, await response.text()]).toEqual([500, 'ERR_INVALID_CHAR'])
      expect(response.headers.getSetCookie()).toHaveLength(1)
    })

    test("the session's cookie stays whole beside one of the application's", async () => {
      const { app } = createFastify(createStore())
      app.get('/', async (request, reply) => {
        await request.session.login('ada')
        reply.header('set-cookie', 'own=1')
        return 'ok'
      })
      app.get('/me', (request) => ({ user: request.session.userId }))
      const visitor = createVisitor(await app.listen({ port: 0, host: '127.0.0.1' }))
      const response = await visitor.fetch('/')
      expect(response.headers.getSetCookie()).toEqual([
        'own=1',
        expect.stringMatching(/^session=[\w-]{54}; .*HttpOnly/),
      ])
      expect(await (await visitor.fetch('/me')).json()).toEqual({ user: 'ada' })
    })
  },
)

test('Fastify: a token that was rotated reaches the client on the page of an error after it', async () => {
  const { app } = createFastify(readOnlyData())
  app.post('/login', async (request) => {
    await request.session.login('ada')
    return 'ok'
  })
  app.post('/rotate', async (request) => {
    await request.session.rotate()
    request.session.data.a = 1
    return 'never'
  })
  const visitor = createVisitor(await app.listen({ port: 0, host: '127.0.0.1' }))
  await visitor.fetch('/login', { method: 'POST' })
  const response = await visitor.fetch('/rotate', { method: 'POST' })
  expect(response.status).toBe(503)
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
})

test('Fastify: registered twice, or without sessions, it throws', async () => {
  const app = Fastify()
  const sessions = createSessions()
  await app.register(fastifySessions, { sessions })
  await expect(async () => await app.register(fastifySessions, { sessions })).rejects.toThrow('registered twice')
  await expect(async () => await Fastify().register(fastifySessions, {} as never)).rejects.toThrow('{ sessions }')
  expect(() => Reflect.apply(fastifySessions, null, [sessions])).toThrow('{ sessions }')
})

async function serveKoa(app: Koa): Promise<string> {
  app.silent = true
  const server = await listen(createServer(app.callback()))
  opened.push(() => server.close())
  return server.origin
}

describe.each(STORES)('Koa, a store that answers %s', (_, createStore) => {
  test('an answer by hand that begins after the handler is whole, with its cookie', async () => {
    const app = new Koa()
    app.use(koaSessions(createSessions({ store: createStore() })))
    app.use((ctx) => {
      ctx.session.data.a = 1
      ctx.respond = false
      setImmediate(() => {
        ctx.res.write('chunk 1;')
        ctx.res.end('chunk 2')
      })
    })
    const response = await fetch(await serveKoa(app))
    expect(await response.text()).toBe('chunk 1;chunk 2')
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test("the session's cookie stays whole beside those of the application", async () => {
    const app = new Koa()
    app.use(koaSessions(createSessions({ store: createStore() })))
    app.use(async (ctx) => {
      if (ctx.path === '/login') await ctx.session.login('ada')
      ctx.append('set-cookie', 'own=1')
      ctx.cookies.set('other', '2')
      ctx.body = { user: ctx.session.userId }
    })
    const visitor = createVisitor(await serveKoa(app))
    const response = await visitor.fetch('/login', { method: 'POST' })
    expect(response.headers.getSetCookie()).toEqual([
      'own=1',
      expect.stringMatching(/^other=2; /),
      expect.stringMatching(/^session=[\w-]{54}; .*HttpOnly/),
    ])
    expect(await (await visitor.fetch('/me')).json()).toEqual({ user: 'ada' })
  })

  test('a response that node refuses to send is an error, with the cookie of the login before it', async () => {
    const app = new Koa()
    app.use(koaSessions(createSessions({ store: createStore() })))
    app.use(async (ctx) => {
      await ctx.session.login('ada')
      ctx.set('x-name', 'Jürgen 😀')
      ctx.body = 'never'
    })
    const response = await fetch(await serveKoa(app))
    expect(response.status).toBe(500)
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test('mounted twice, a login on the inner part is not undone', async () => {
    const sessions = createSessions({ store: createStore() })
    const app = new Koa()
    app.use(koaSessions(sessions))
    app.use(async (ctx, next) => {
      if (ctx.path === '/api/login') await koaSessions(sessions)(ctx, next)
    })
    app.use(async (ctx) => {
      await ctx.session.login('ada')
      ctx.body = 'ok'
    })
    const response = await fetch(`${await serveKoa(app)}/api/login`, { method: 'POST', headers: SOME_TOKEN })
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/session=[\w-]{54};/)])
  })
})

test('Koa: a token that was rotated reaches the client with the error', async () => {
  const app = new Koa()
  app.use(koaSessions(createSessions({ store: readOnlyData() })))
  app.use(async (ctx) => {
    if (ctx.path === '/login') return ctx.session.login('ada')
    await ctx.session.rotate()
    ctx.session.data.a = 1
    ctx.body = 'never'
  })
  const visitor = createVisitor(await serveKoa(app))
  await visitor.fetch('/login', { method: 'POST' })
  const response = await visitor.fetch('/rotate', { method: 'POST' })
  expect(response.status).toBe(503)
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
  expect(emptyOnes(response)).toEqual([])
})

type Bindings = { Bindings: { outgoing: ServerResponse } }

async function serveNode(app: Hono<Bindings>): Promise<string> {
  const server: AdapterServer = await toServer((listening) =>
    serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, listening),
  )
  opened.push(() => server.close())
  return server.origin
}

describe.each(STORES)('Hono, a store that answers %s', (_, createStore) => {
  test('on node, an answer by hand that begins after the handler is whole, with its cookie', async () => {
    const app = new Hono<Bindings>()
    app.use(honoSessions(createSessions({ store: createStore() })))
    app.get('/', (c) => {
      c.var.session.data.a = 1
      setImmediate(() => {
        c.env.outgoing.write('chunk 1;')
        c.env.outgoing.end('chunk 2')
      })
      return RESPONSE_ALREADY_SENT
    })
    const response = await fetch(await serveNode(app))
    expect(await response.text()).toBe('chunk 1;chunk 2')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('x-hono-already-sent')).toBe(null)
    expect([...RESPONSE_ALREADY_SENT.headers.keys()]).toEqual(['x-hono-already-sent'])
  })

  test.each(['node', 'fetch'])('mounted twice, a login on the inner part is not undone (%s)', async (where) => {
    const sessions = createSessions({ store: createStore() })
    const app = new Hono<Bindings>()
    app.use(honoSessions(sessions))
    app.use('/api/*', honoSessions(sessions))
    app.post('/api/login', async (c) => {
      await c.var.session.login('ada')
      return c.text('ok')
    })
    const init = { method: 'POST', headers: SOME_TOKEN }
    const response =
      where === 'node' ? await fetch(`${await serveNode(app)}/api/login`, init) : await app.request('/api/login', init)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/session=[\w-]{54};/)])
  })
})

/** What a change takes away must not stay as a header without a value. */
function emptyOnes({ headers }: Response): string[] {
  return [...headers].filter(([, value]) => value === '').map(([name]) => name)
}

test.each(['node', 'fetch'])('Hono: a token that was rotated reaches the client with the error (%s)', async (where) => {
  const app = new Hono<Bindings>()
  app.use(honoSessions(createSessions({ store: readOnlyData() })))
  app.post('/login', async (c) => {
    await c.var.session.login('ada')
    return c.text('ok')
  })
  app.post('/rotate', async (c) => {
    await c.var.session.rotate()
    c.var.session.data.a = 1
    return c.text('never')
  })
  const origin = where === 'node' ? await serveNode(app) : 'http://localhost'
  const ask = (path: string, init: RequestInit) =>
    where === 'node' ? fetch(origin + path, init) : app.request(origin + path, init)
  const [cookie = ''] = (await ask('/login', { method: 'POST' })).headers.getSetCookie()
  const response = await ask('/rotate', { method: 'POST', headers: { cookie: cookie.split(';')[0] ?? '' } })
  expect(response.status).toBe(503)
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
  expect(emptyOnes(response)).toEqual([])
})

describe('fetch', () => {
  const login = (sessions = createSessions({ store: readOnlyData() })) => {
    const at = (path: string, cookie = '') =>
      new Request(`http://localhost${path}`, { method: 'POST', headers: { cookie } })
    const handler = withSession(sessions, async (request, session) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/login') await session.login('ada')
      else await session.rotate()
      if (pathname === '/data') Object.assign(session.data, { a: 1 })
      if (pathname === '/throw') throw new Error('of the handler')
      return new Response('ok')
    })
    return { at, handler }
  }

  test.each([
    ['/data', 503],
    ['/throw', 500],
  ])('a token that was rotated reaches the client with the error (%s)', async (path, status) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { at, handler } = login()
    const [cookie = ''] = (await handler(at('/login'))).headers.getSetCookie()
    const response = await handler(at(path, cookie.split(';')[0]))
    expect(response.status).toBe(status)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
    expect(emptyOnes(response)).toEqual([])
    expect(log).toHaveBeenCalledTimes(status === 500 ? 1 : 0)
  })

  test('around another one of the same sessions, both see one session', async () => {
    const sessions = createSessions()
    const inner = withSession(sessions, async (_, session) => {
      await session.login('ada')
      return new Response('ok')
    })
    const outer = withSession(sessions, async (request, session) => {
      const response = await inner(request)
      return new Response(`${await response.text()} ${session.userId}`, response)
    })
    const response = await outer(new Request('http://localhost/', { headers: SOME_TOKEN }))
    expect(await response.text()).toBe('ok ada')
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=[\w-]{54};/)])
  })

  test.each([undefined, Response.error()])('a value that is not a response passes through (%s)', async (answer) => {
    const handler = withSession(createSessions(), (_, session) => {
      Object.assign(session.data, { a: 1 })
      return answer as Response
    })
    expect(await handler(new Request('http://localhost/'))).toBe(answer)
  })
})
