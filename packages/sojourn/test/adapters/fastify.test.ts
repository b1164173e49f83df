import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Fastify, { type FastifyInstance } from 'fastify'
import { createSessions, memoryStore, SessionError, type Store } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const apps: FastifyInstance[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

async function serve(app: FastifyInstance): Promise<string> {
  apps.push(app)
  return app.listen({ port: 0, host: '127.0.0.1' })
}

describe('fastifySessions', () => {
  test('runs the code of the quickstart as it is written', async () => {
    const sessions = createSessions()
    const app = Fastify()
    app.register(fastifySessions, { sessions })
    app.get('/', (req) => ({ user: req.session.userId }))
    const response = await app.inject('/')
    expect(response.json()).toEqual({ user: null })
  })

  test('holds for routes beside it, in scopes of their own, and for what is not found', async () => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions() })
    app.register(async (scope) => {
      scope.get('/scope', (request) => request.session.isNew)
    })
    app.setNotFoundHandler((request) => ({ isNew: request.session.isNew }))
    expect((await app.inject('/scope')).json()).toBe(true)
    expect((await app.inject('/nowhere')).json()).toEqual({ isNew: true })
  })

  test('before its hook there is no session, and reading it throws an error about that', async () => {
    const codes: unknown[] = []
    const app = Fastify()
    app.addHook('onRequest', async (request) => {
      try {
        request.session.userId
      } catch (error) {
        codes.push((error as SessionError).code)
      }
    })
    app.register(fastifySessions, { sessions: createSessions() })
    app.get('/', () => 'x')
    await app.inject('/')
    expect(codes).toEqual(['ERR_NO_SESSION'])
  })

  test.each(['read', 'create'] as const)(
    'an outage reaches the error handler of the application (%s)',
    async (operation) => {
      const errors: unknown[] = []
      const app = Fastify()
      app.register(fastifySessions, { sessions: createSessions({ store: failingStore(operation) }) })
      app.get('/', (request, reply) => {
        request.session.data.theme = 'dark'
        reply.raw.setHeader('last-modified', 'now')
        return reply.code(201).header('etag', '"1"').header('set-cookie', 'own=1').send('secret')
      })
      app.setErrorHandler((error, _, reply) => {
        errors.push(error)
        return reply.code(503).send('sorry')
      })
      const response = await fetch(await serve(app), { headers: SOME_TOKEN })
      expect([response.status, await response.text()]).toEqual([503, 'sorry'])
      for (const name of ['etag', 'set-cookie', 'last-modified']) expect(response.headers.get(name)).toBe(null)
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STORE', statusCode: 503 })])
      expect(errors[0]).toBeInstanceOf(SessionError)
    },
  )

  test("Fastify's own error handler makes it a 503 that says when to come again", async () => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions({ store: failingStore('create') }) })
    app.get('/', (request) => {
      request.session.data.theme = 'dark'
      return 'secret'
    })
    const response = await app.inject('/')
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
    expect(response.body).not.toContain('secret')
  })

  test('a Response as the payload keeps its headers beside those of the session', async () => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions({ store: lateStore() }) })
    app.get('/', (request, reply) => {
      request.session.data.theme = 'dark'
      return reply.send(new Response('hello', { status: 201, headers: { vary: 'Origin', 'set-cookie': 'own=1' } }))
    })
    const response = await fetch(await serve(app))
    expect([response.status, await response.text()]).toEqual([201, 'hello'])
    expect(response.headers.get('vary')).toBe('Origin, Cookie')
    expect(response.headers.getSetCookie().map((line) => line.split('=')[0])).toEqual(['own', 'session'])
  })

  for (const [what, toBody] of [
    ['text', () => 'whole'],
    ['a stream', () => Readable.from(['who', 'le'])],
  ] as const) {
    test(`${what} of an async handler goes out with its cookie, however soon the store answers`, async () => {
      for (let turns = 0; turns < 25; turns++) {
        const store = memoryStore()
        const create: Store['create'] = async (record) => {
          for (let i = 0; i < Math.min(turns, 5); i++) await null
          return store.create(record)
        }
        const app = Fastify()
        app.register(fastifySessions, { sessions: createSessions({ store: { ...store, create } }) })
        app.get('/data', async (request, reply) => {
          Object.assign(request.session.data, { cart: 1 })
          return reply.send(toBody())
        })
        app.get('/login', async (request, reply) => {
          // The response waits for it.
          void request.session.login('ada')
          for (let i = 0; i < turns; i++) await null
          return reply.send(toBody())
        })
        for (const url of ['/data', '/login']) {
          const { body, headers } = await app.inject(url)
          expect([url, turns, body, typeof headers['set-cookie']]).toEqual([url, turns, 'whole', 'string'])
        }
      }
    })
  }

  test('headers set on reply.raw stay', async () => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions() })
    app.get('/', (request, reply) => {
      request.session.data.theme = 'dark'
      reply.raw.setHeader('vary', 'Origin')
      return 'x'
    })
    expect((await fetch(await serve(app))).headers.get('vary')).toBe('Origin, Cookie')
  })

  test.each(['response', 'connection'])(
    'what was answered is delivered, though the handler destroys the %s while the store is at work',
    async (what) => {
      const app = Fastify()
      let connection: Socket | undefined
      app.register(fastifySessions, { sessions: createSessions({ store: lateStore() }) })
      app.get('/', (request, reply) => {
        connection = request.raw.socket
        request.session.data.theme = 'dark'
        reply.send('whole')
        if (what === 'response') reply.raw.destroy()
        else reply.raw.socket?.destroy()
      })
      const response = await fetch(await serve(app))
      expect([response.status, await response.text()]).toEqual([200, 'whole'])
      expect(response.headers.getSetCookie()).toHaveLength(1)
      // By then a response has left its connection, which stays open for the next one.
      if (what === 'connection') await vi.waitFor(() => expect(connection?.destroyed).toBe(true))
    },
  )

  test('a request that a guard refuses keeps its connection, unless it asked for another protocol', async () => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions() })
    const { hostname, port } = new URL(await serve(app))
    const connection = connect(Number(port), hostname)
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nOrigin: https://other.example\r\nContent-Length: 0\r\n'
    connection.write(`${post}\r\n`)
    await once(connection, 'data')
    connection.write(`${post}Connection: close\r\n\r\n`)
    expect(await text(connection)).toMatch(/^HTTP\/1.1 403 /)
  })

  test('an answer whose end throws is broken off and logged, and hangs nobody', async () => {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } } })
    app.addHook('onRequest', (_, reply, done) => {
      reply.raw.end = () => {
        throw new TypeError('of the middleware')
      }
      done()
    })
    app.register(fastifySessions, { sessions: createSessions({ store: lateStore() }) })
    app.get('/', (request, reply) => {
      request.session.data.theme = 'dark'
      reply.send('whole')
    })
    const ended = fetch(await serve(app)).then((response) => response.text())
    await expect(ended).rejects.toThrow()
    expect(lines.join()).toContain('of the middleware')
  })

  test.each(['hijacked', 'by hand alone'])('what is written to reply.raw is held back too (%s)', async (how) => {
    const app = Fastify()
    app.register(fastifySessions, { sessions: createSessions({ store: lateStore() }) })
    app.get('/read', (request) => request.session.data)
    app.get('/', (request, reply) => {
      if (how === 'hijacked') reply.hijack()
      request.session.data.theme = 'dark'
      reply.raw.writeHead(201, { 'x-own': '1' })
      request.session.data.late = true
      reply.raw.end('raw')
    })
    const visitor = createVisitor(await serve(app))
    const response = await visitor.fetch('/')
    expect([response.status, await response.text()]).toEqual([201, 'raw'])
    expect(await (await visitor.fetch('/read')).json()).toEqual({ theme: 'dark', late: true })
  })

  test("the scheme and the client's address are those of Fastify's own trustProxy option", async () => {
    const seen = async (trustProxy: boolean): Promise<unknown> => {
      const { guard, views } = spyGuard()
      const sessions = createSessions({ guards: [guard] })
      const app = Fastify({ trustProxy })
      app.register(fastifySessions, { sessions })
      app.get('/a', () => views.map(({ url, secure, peer }) => ({ url, secure, peer })))
      const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
      return (await app.inject({ url: '/a?x=1', headers })).json()
    }
    expect(await seen(false)).toEqual([{ url: '/a?x=1', secure: false, peer: '127.0.0.1' }])
    expect(await seen(true)).toEqual([{ url: '/a?x=1', secure: true, peer: '192.0.2.7' }])
  })

  test.each([
    ['4.29.1', 'FST_ERR_PLUGIN_VERSION_MISMATCH'],
    ['5.0.0', undefined],
    ['5.99.0', undefined],
    ['6.0.0', 'FST_ERR_PLUGIN_VERSION_MISMATCH'],
  ])('Fastify %s is taken or refused by its version: %s', async (version, code) => {
    const app = Fastify()
    Object.defineProperty(app, 'version', { value: version })
    app.register(fastifySessions, { sessions: createSessions() })
    const refused = await app.ready().then(
      () => undefined,
      (error: { code?: string }) => error.code,
    )
    expect(refused).toBe(code)
  })

  test('runs on HTTP/2', async () => {
    const app = Fastify({ http2: true })
    app.register(fastifySessions, { sessions: createSessions() })
    app.get('/', (request) => ({ isNew: request.session.isNew }))
    expect((await app.inject('/')).json()).toEqual({ isNew: true })
  })
})
