import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import type { AdapterServer } from '@sojourn/conformance'
import compression from 'compression'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import session from 'express-session'
import express4 from 'express4'
import { createSessions, memoryStore, type SessionError, type Store } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { nodeSessions } from 'sojourn/node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { listen } from './support/node-reply.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const server of servers.splice(0)) await server.close()
})

async function serve(app: Express): Promise<string> {
  app.set('env', 'test')
  const server = await listen(createServer(app))
  servers.push(server)
  return server.origin
}

/** A store that works until a test makes its next writes of data fail. */
function brittleStore(): { store: Store; break: () => void } {
  const store = lateStore()
  let isBroken = false
  return {
    break: () => {
      isBroken = true
    },
    store: {
      ...store,
      write: async (id, change) => {
        if (isBroken && change.set !== undefined) throw new Error('connect ECONNREFUSED')
        return store.write(id, change)
      },
    },
  }
}

const BODY = 'squeeze me '.repeat(60_000)
const pieces = (): Readable => Readable.from(BODY.match(/.{1,10000}/gs) ?? [])

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_, createApp) => {
  test.each(['before', 'after'])(
    'a response that is piped ends, with compression mounted %s the sessions and a store that answers later',
    async (where) => {
      const layers = [compression({ threshold: 0 }), expressSessions(createSessions({ store: lateStore() }))]
      const app = createApp()
      for (const layer of where === 'before' ? layers : layers.reverse()) app.use(layer)
      app.use((req, res) => {
        req.session.data.seen = 1
        pieces().pipe(res.type('text'))
      })
      const response = await fetch(await serve(app), { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(await response.text()).toBe(BODY)
      expect(response.headers.getSetCookie()).toHaveLength(1)
    },
  )

  test.each(['before', 'after'])(
    'an event stream that flushes its headers is the same as without sessions, with compression mounted %s',
    async (where) => {
      const layers = [compression({ threshold: 0 }), expressSessions(createSessions({ store: lateStore() }))]
      const app = createApp()
      for (const layer of where === 'before' ? layers : layers.reverse()) app.use(layer)
      let next = (): void => {}
      const seen = new Promise<void>((resolve) => {
        next = resolve
      })
      app.use(async (req, res) => {
        req.session.data.seen = 1
        res.set('content-type', 'text/event-stream')
        res.flushHeaders()
        res.write('data: first\n\n')
        res.flush()
        await seen
        res.end('data: last\n\n')
      })
      const response = await fetch(await serve(app), { headers: { 'accept-encoding': 'gzip' } })
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const first = await reader.read()
      expect(new TextDecoder().decode(first.value)).toBe('data: first\n\n')
      next()
      expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: last\n\n')
      expect((await reader.read()).done).toBe(true)
    },
  )

  test('an answer that was given is delivered with its cookie, though the handler fails right after', async () => {
    const sessions = createSessions({ store: lateStore() })
    const app = createApp()
    app.use(expressSessions(sessions))
    app.post('/login', async (req, res, next) => {
      await req.session.login('ada')
      req.session.data.cart = []
      res.json('welcome')
      await null
      next(new Error('the audit log is down'))
    })
    const response = await fetch(`${await serve(app)}/login`, { method: 'POST' })
    expect([response.status, await response.json()]).toEqual([200, 'welcome'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  test('a login on a part of the application where the adapter is mounted again is not undone by the outer one', async () => {
    const sessions = createSessions()
    const app = createApp()
    app.use(expressSessions(sessions))
    const api = createApp.Router()
    api.use(expressSessions(sessions))
    api.post('/login', async (req, res) => {
      await req.session.login('ada')
      res.send('ok')
    })
    app.use('/api', api)
    const response = await fetch(`${await serve(app)}/api/login`, { method: 'POST', headers: SOME_TOKEN })
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=.{50,};/)])
  })

  test('edits before and after a second mount belong to one session with one cookie', async () => {
    const sessions = createSessions()
    const app = createApp()
    app.use(expressSessions(sessions))
    app.use((req, _res, next) => {
      if (req.method === 'POST') req.session.data.outer = 1
      next()
    })
    app.use(expressSessions(sessions))
    app.post('/', (req, res) => {
      req.session.data.inner = 2
      res.send('ok')
    })
    app.get('/', (req, res) => void res.json(req.session.data))
    const origin = await serve(app)
    const cookies = (await fetch(origin, { method: 'POST' })).headers.getSetCookie()
    expect(cookies).toHaveLength(1)
    const response = await fetch(origin, { headers: { cookie: cookies[0]?.split(';')[0] ?? '' } })
    expect(await response.json()).toEqual({ outer: 1, inner: 2 })
  })

  test('two createSessions with one cookie on one request cause one warning', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const app = createApp()
    app.use(expressSessions(createSessions()))
    app.use(expressSessions(createSessions()))
    app.use((_req, res) => void res.end())
    const origin = await serve(app)
    for (let round = 0; round < 2; round++) await (await fetch(origin)).text()
    const told = warn.mock.calls.flat().filter((text) => String(text).includes('Two createSessions()'))
    expect(told).toEqual([expect.stringContaining('cookie __Host-session')])
  })

  test('two createSessions with cookies of their own are nothing to tell of', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const app = createApp()
    app.use(expressSessions(createSessions()))
    app.use(expressSessions(createSessions({ cookie: { name: '__Host-admin' } })))
    app.use((_req, res) => void res.end())
    await (await fetch(await serve(app))).text()
    expect(warn.mock.calls.flat().join()).not.toContain('Two createSessions()')
  })

  test.each<[string, RequestHandler]>([
    ['express-session', session({ secret: 'x', resave: false, saveUninitialized: false })],
    [
      'middleware that gives the request a getter, as cookie-session does,',
      (req, _res, next) => {
        Object.defineProperty(req, 'session', { get: () => ({}), configurable: true })
        next()
      },
    ],
  ])('%s mounted before is refused with a text, not a request that hangs', async (_, middleware) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const errors: unknown[] = []
    const app = createApp()
    app.use(middleware)
    app.use(expressSessions(createSessions({ store: lateStore() })))
    app.use((req, res) => {
      req.session.data.a = 1
      res.send('never')
    })
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).send('sorry')
    }) satisfies ErrorRequestHandler)
    const response = await fetch(await serve(app))
    expect([response.status, await response.text()]).toEqual([500, 'sorry'])
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_OPTION' })])
    expect(String(errors[0])).toContain('express-session')
  })

  test('middleware whose end throws costs its own response, and hangs nobody', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const app = createApp()
    app.use((_req, res, next) => {
      res.end = () => {
        throw new TypeError('of the middleware')
      }
      next()
    })
    app.use(expressSessions(createSessions({ store: lateStore() })))
    app.use((req, res) => {
      req.session.data.a = 1
      res.send('never')
    })
    await expect(fetch(await serve(app))).rejects.toThrow('fetch failed')
  })

  test('an error page that reads the session of a request without one gets an error with the reason', async () => {
    const told: unknown[] = []
    const app = createApp()
    app.use(expressSessions(createSessions({ store: failingStore('read') })))
    app.use(((error: SessionError, req, res, _next) => {
      try {
        req.session.userId
      } catch (reason) {
        told.push((reason as SessionError).code, (reason as SessionError).cause === error)
      }
      res.status(error.status).set(error.headers).send('sorry, guest')
    }) satisfies ErrorRequestHandler)
    const response = await fetch(await serve(app), { headers: SOME_TOKEN })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(told).toEqual(['ERR_NO_SESSION', true])
  })

  test.each(['rotate', 'reauthenticated'] as const)(
    'a token that %s made reaches the client on the error page: the old one would look stolen',
    async (verb) => {
      const { store, break: breakStore } = brittleStore()
      let now = 1_800_000_000_000
      const sessions = createSessions({ store, clock: () => now })
      const alarms: unknown[] = []
      sessions.on('reuse', (event) => alarms.push(event))
      const app = createApp()
      app.use(expressSessions(sessions))
      app.post('/login', async (req, res) => {
        await req.session.login('ada')
        res.end()
      })
      app.post('/fresh', async (req, res) => {
        await req.session[verb]()
        breakStore()
        req.session.data.n = 1
        res.send('never')
      })
      app.get('/', (req, res) => void res.json([req.session.userId, req.session.refused]))
      app.use(((error: SessionError, _req, res, _next) => {
        res.status(error.status).send('sorry')
      }) satisfies ErrorRequestHandler)
      const visitor = createVisitor(await serve(app))
      await visitor.fetch('/login', { method: 'POST' })
      const failed = await visitor.fetch('/fresh', { method: 'POST' })
      expect([failed.status, await failed.text()]).toEqual([503, 'sorry'])
      expect(failed.headers.get('cache-control')).toBe('no-store')
      now += 60_000
      expect(await (await visitor.fetch('/')).json()).toEqual(['ada', null])
      expect(alarms).toEqual([])
    },
  )

  test.each([
    ['at once', memoryStore],
    ['later', lateStore],
  ])('a login whose response node refuses goes out with the error page (store answers %s)', async (__, createStore) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const app = createApp()
    app.use(expressSessions(createSessions({ store: createStore() })))
    app.post('/login', (req, res, next) => {
      req.session
        .login('ada')
        .then(() => res.writeHead(200, { 'x-name': 'Jürgen 😀' }).end('never'))
        .catch(next)
    })
    app.get('/', (req, res) => void res.json(req.session.userId))
    const visitor = createVisitor(await serve(app))
    const response = await visitor.fetch('/login', { method: 'POST' })
    expect(response.status).toBe(500)
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(await (await visitor.fetch('/')).json()).toBe('ada')
  })

  test('the error page is sent through a compression that has seen the end of the answer it replaces', async () => {
    const app = createApp()
    app.use(
      expressSessions(
        createSessions({ store: { ...lateStore(), create: async () => Promise.reject(new Error('x')) } }),
      ),
    )
    app.use(compression({ threshold: 0 }))
    app.use((req, res) => {
      req.session.data.a = 1
      res.send('never')
    })
    const response = await fetch(await serve(app), { headers: { 'accept-encoding': 'gzip' } })
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('cannot answer right now')
  })
})

test('nodeSessions on Connect: mounted twice, a login is not undone', async () => {
  const sessions = createSessions()
  const mount = nodeSessions(sessions)
  const server = await listen(
    createServer((request, response) =>
      mount(request, response, () =>
        mount(request, response, () => {
          sessions
            .get(request)
            .login('ada')
            .then(() => response.end('ok'))
        }),
      ),
    ),
  )
  servers.push(server)
  const response = await fetch(server.origin, { headers: SOME_TOKEN })
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=.{50,};/)])
})
