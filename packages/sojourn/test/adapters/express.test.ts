import { createServer } from 'node:http'
import type { AdapterServer } from '@sojourn/conformance'
import compression from 'compression'
import express, { type ErrorRequestHandler, type Express } from 'express'
import express4 from 'express4'
import { createSessions, SessionError } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import * as v from 'valibot'
import { afterEach, describe, expect, test } from 'vitest'
import { listen } from './support/node-reply.ts'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const servers: AdapterServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(app: Express): Promise<string> {
  app.set('env', 'test')
  const server = await listen(createServer(app))
  servers.push(server)
  return server.origin
}

describe.each([
  ['Express 5', express],
  ['Express 4', express4],
])('%s', (_, createApp) => {
  test('runs the code of the quickstart as it is written', async () => {
    const sessions = createSessions({
      data: v.object({ cart: v.optional(v.array(v.string()), []) }),
      timeouts: { idle: '30m', absolute: '12h', renew: '1h', grace: '2m' },
    })
    const checkPassword = async (body: { name: string }) => ({ id: body.name })
    const app = createApp()
    app.use(createApp.json())
    app.use(expressSessions(sessions))

    app.post('/login', async (req, res) => {
      const user = await checkPassword(req.body)
      await req.session.login(user.id)
      res.redirect('/account')
    })
    app.post('/cart', async (req, res) => {
      await req.session.update('cart', (cart) => [...cart, req.body.item])
      res.json(req.session.data.cart)
    })
    app.post('/theme', (req, res) => {
      req.session.data.theme = 'dark'
      res.end()
    })
    app.get('/account/devices', async (req, res) => res.json(await req.session.devices()))
    app.post('/account/devices/:id/revoke', async (req, res) => {
      await req.session.revokeDevice(req.params.id)
      res.redirect('/account')
    })
    app.post('/password', async (req, res) => {
      await req.session.revokeOthers()
      res.end()
    })
    app.post('/logout', async (req, res) => {
      await req.session.logout()
      res.redirect('/')
    })

    const origin = await serve(app)
    const [one, two] = [createVisitor(origin), createVisitor(origin)]
    const post = (body: object): RequestInit => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const devicesOf = async (visitor: typeof one) =>
      (await (await visitor.fetch('/account/devices')).json()) as { id: string; current: boolean }[]

    expect(await (await one.fetch('/cart', post({ item: 'tea' }))).json()).toEqual(['tea'])
    expect((await one.fetch('/login', post({ name: 'ada' }))).headers.get('location')).toBe('/account')
    expect(await (await one.fetch('/cart', post({ item: 'cup' }))).json()).toEqual(['tea', 'cup'])
    expect((await one.fetch('/theme', post({}))).status).toBe(200)
    await two.fetch('/login', post({ name: 'ada' }))
    const devices = await devicesOf(one)
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true])
    const other = devices.find(({ current }) => !current)
    await one.fetch(`/account/devices/${other?.id}/revoke`, post({}))
    expect(await devicesOf(two)).toEqual([])
    await two.fetch('/login', post({ name: 'ada' }))
    await one.fetch('/password', post({}))
    expect(await devicesOf(two)).toEqual([])
    expect((await one.fetch('/logout', post({}))).status).toBe(302)
    expect(await devicesOf(one)).toEqual([])
  })

  test.each(['read', 'create'] as const)(
    'an outage reaches the error page of the application (%s)',
    async (operation) => {
      const errors: unknown[] = []
      const app = createApp()
      app.use(expressSessions(createSessions({ store: failingStore(operation) })))
      app.use((req, res) => {
        req.session.data.theme = 'dark'
        res.set('etag', '"1"').send('secret')
      })
      const page: ErrorRequestHandler = (error: SessionError, __, res, ___) => {
        errors.push(error)
        res.status(error.status).set(error.headers).send('sorry')
      }
      app.use(page)
      const response = await fetch(await serve(app), { headers: SOME_TOKEN })
      expect([response.status, await response.text()]).toEqual([503, 'sorry'])
      expect(response.headers.get('etag')).not.toBe('"1"')
      expect(response.headers.get('retry-after')).toBe('1')
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STORE' })])
      expect(errors[0]).toBeInstanceOf(SessionError)
    },
  )

  test("Express's own error page is a 503 that says when to come again", async () => {
    const app = createApp()
    app.use(expressSessions(createSessions({ store: failingStore('create') })))
    app.use((req, res) => {
      req.session.data.theme = 'dark'
      res.send('secret')
    })
    const response = await fetch(await serve(app))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).not.toContain('secret')
  })

  test('middleware and session come as a pair, and the session is the same by every name', async () => {
    const sessions = createSessions()
    const { middleware, session } = expressSessions(sessions)
    const app = createApp()
    app.use(middleware)
    app.use((req, res) => {
      res.json([session(req) === req.session, sessions.get(req) === req.session])
    })
    expect(await (await fetch(await serve(app))).json()).toEqual([true, true])
  })

  test('a handler without the middleware in front of it gets an error about that', async () => {
    const sessions = createSessions()
    const app = createApp()
    app.use((req, res) => {
      try {
        sessions.get(req)
      } catch (error) {
        res.send((error as SessionError).code)
      }
    })
    expect(await (await fetch(await serve(app))).text()).toBe('ERR_NO_SESSION')
  })

  test("the scheme and the client's address are those of Express's own trust proxy setting", async () => {
    const seen = async (trust: boolean | number): Promise<unknown> => {
      const { guard, views } = spyGuard()
      const sessions = createSessions({ guards: [guard] })
      const app = createApp()
      app.set('trust proxy', trust)
      const router = createApp.Router()
      router.use(expressSessions(sessions))
      router.use((_, res) => void res.json(views.map(({ url, secure, peer }) => ({ url, secure, peer }))))
      app.use('/mounted', router)
      const headers = { 'x-forwarded-for': '203.0.113.66, 192.0.2.7', 'x-forwarded-proto': 'https' }
      return (await fetch(`${await serve(app)}/mounted/x?y=1`, { headers })).json()
    }
    expect(await seen(false)).toEqual([{ url: '/mounted/x?y=1', secure: false, peer: '127.0.0.1' }])
    expect(await seen(1)).toEqual([{ url: '/mounted/x?y=1', secure: true, peer: '192.0.2.7' }])
  })

  test.each(['before', 'after'])('compression mounted %s it works', async (where) => {
    const sessions = createSessions({ store: lateStore() })
    const squeeze = compression({ threshold: 0 })
    const app = createApp()
    for (const layer of where === 'before'
      ? [squeeze, expressSessions(sessions)]
      : [expressSessions(sessions), squeeze]) {
      app.use(layer)
    }
    const body = 'squeeze me '.repeat(20_000)
    app.use((req, res) => {
      req.session.data.theme = 'dark'
      if (req.path === '/pieces') {
        res.type('text')
        for (let at = 0; at < body.length; at += 10_000) res.write(body.slice(at, at + 10_000))
        res.end()
      } else res.type('text').send(body)
    })
    const origin = await serve(app)
    for (const path of ['/', '/pieces']) {
      const response = await fetch(origin + path, { headers: { 'accept-encoding': 'gzip' } })
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(response.headers.getSetCookie()).toHaveLength(1)
      expect(response.headers.get('vary')?.split(', ').sort()).toEqual(['Accept-Encoding', 'Cookie'])
      expect(await response.text()).toBe(body)
    }
  })

  test('edits after res.end() of the same turn are stored too', async () => {
    const app = createApp()
    app.use(expressSessions(createSessions({ store: lateStore() })))
    app.get('/', (req, res) => void res.json(req.session.data))
    app.post('/', (req, res) => {
      req.session.data.before = 1
      res.end()
      req.session.data.after = 2
    })
    const visitor = createVisitor(await serve(app))
    await (await visitor.fetch('/', { method: 'POST' })).text()
    expect(await (await visitor.fetch('/')).json()).toEqual({ before: 1, after: 2 })
  })
})
