import { once } from 'node:events'
import { createServer, request as httpRequest, type RequestOptions, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import session from 'express-session'
import Fastify from 'fastify'
import { createSessions, type JsonValue, memoryStore, type SessionsOptions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { afterEach, describe, expect, test, vi } from 'vitest'

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listen(app: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(app)
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/**
 * An application with its own store and memory, that of modules included. Another `start` is another application, or a new run of
 * the same one.
 */
async function start(name?: `__Host-${string}`) {
  vi.resetModules()
  const { createSessions } = await import('sojourn')
  const { expressSessions } = await import('sojourn/express')
  const warnings: string[] = []
  const sessions = createSessions({ warn: (message) => warnings.push(message), ...(name && { cookie: { name } }) })
  const app = express()
  app.use(expressSessions(sessions))
  app.post('/login', async (request, response) => {
    await request.session.login('ada')
    response.end()
  })
  app.use((request, response) => void response.end(String(request.session.userId)))
  return { origin: await listen(app), warnings }
}

/** As a browser: one jar for every port of a host. */
function browser() {
  const jar = new Map<string, string>()
  async function visit(address: string, method = 'GET'): Promise<string> {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(address, { method, headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(key, value)
    }
    return response.text()
  }
  return { jar, visit }
}

const CLASH =
  /received a cookie "session" that this application did not set\. All ports of localhost.*cookie: \{ name: '__Host-my-app' \}/

const SHARED =
  /received a cookie "session" that another createSessions\(\) in this process has set.*Use one.*cookie: \{ name: '__Host-my-app' \}/

const isShared = (warning: string): boolean => warning.includes('another createSessions()')

/** A request with a `Host` of its own, which `fetch` does not send. */
function send(address: string, { method = 'GET', headers }: RequestOptions): Promise<{ cookie: string; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(address, { method, headers }, (response) => {
      const [line = ''] = response.headers['set-cookie'] ?? []
      text(response).then((body) => resolve({ cookie: line.split(';', 1)[0] ?? '', body }), reject)
    })
    request.on('error', reject).end()
  })
}

describe('applications side by side on localhost', () => {
  test('two of ours with one cookie name: the first one says why its user is logged out, once', async () => {
    const [a, b, { visit }] = [await start(), await start(), browser()]
    await visit(`${a.origin}/login`, 'POST')
    await visit(`${b.origin}/login`, 'POST')
    expect(await visit(a.origin)).toBe('null')
    await visit(a.origin)
    expect(a.warnings).toEqual([expect.stringMatching(CLASH)])
    expect(b.warnings).toEqual([])
    // And nothing was taken away from the other.
    expect(await visit(b.origin)).toBe('ada')
  })

  test('with a name for each, both stay logged in and nobody warns', async () => {
    const [a, b, { visit }] = [await start(), await start('__Host-admin'), browser()]
    await visit(`${a.origin}/login`, 'POST')
    await visit(`${b.origin}/login`, 'POST')
    expect([await visit(a.origin), await visit(b.origin)]).toEqual(['ada', 'ada'])
    expect([...a.warnings, ...b.warnings]).toEqual([])
  })

  test('a new run of one application with its store in memory is no neighbor', async () => {
    const [before, after, { visit }] = [await start(), await start(), browser()]
    await visit(`${before.origin}/login`, 'POST')
    await visit(after.origin)
    await visit(`${after.origin}/login`, 'POST')
    expect(await visit(after.origin)).toBe('ada')
    expect(after.warnings).toEqual([])
  })

  test('express-session under the name "session": told before its cookie is overwritten, which is not cleared', async () => {
    const theirs = express()
    theirs.use(session({ name: 'session', secret: 'x'.repeat(32), resave: false, saveUninitialized: true }))
    theirs.use((request, response) => void response.end(request.sessionID))
    const [origin, ours, { jar, visit }] = [await listen(theirs), await start(), browser()]
    const id = await visit(origin)
    expect(jar.get('session')).toMatch(/^s%3A/)
    await visit(ours.origin)
    expect(ours.warnings).toEqual([expect.stringMatching(CLASH)])
    expect(await visit(origin)).toBe(id)
  })

  test.each([
    ['Flask', 'eyJ1c2VyIjoiYWRhIn0.aS2Q4A.0mT6bU3m4mWnE9Qv1tq5Y1m2J3k'],
    ['Flask, compressed', '.eJyrVkosLcmIz8nPS1WyKikqTdVRKi1OLYrPTFGyUqoFAKNFCgs.aS2Q4A.0mT6bU3m4mWnE9Qv1tq5Y1m2J3k'],
    ['Starlette', 'eyJ1c2VyIjogImFkYSJ9.aS2Q4A.GxT6bU3m4mWnE9Qv1tq5Y1m2J3k'],
    ['Koa and cookie-session', 'eyJ1c2VyIjoiYWRhIn0='],
  ])('a cookie of %s', async (_, value) => {
    const { origin, warnings } = await start()
    await fetch(origin, { headers: { cookie: `session=${value}` } })
    await fetch(origin, { headers: { cookie: `session=${value}` } })
    expect(warnings).toEqual([expect.stringMatching(CLASH)])
  })

  test('on another host, and in production, there is no warning', async () => {
    const local = await start()
    await send(local.origin, { headers: { cookie: 'session=x', host: 'shop.example' } })
    vi.stubEnv('NODE_ENV', 'production')
    const production = await start()
    await send(production.origin, { headers: { cookie: '__Host-session=x' } })
    expect(local.warnings).toEqual([])
    expect(production.warnings).toEqual([expect.stringContaining('no store is configured')])
  })
})

describe('two createSessions with one cookie name in one application', () => {
  test('on one request of Express: a warning, once', async () => {
    const warnings: string[] = []
    const app = express()
    for (let each = 0; each < 2; each++) {
      app.use(expressSessions(createSessions({ warn: (message) => warnings.push(message) })))
    }
    app.use((_, response) => void response.end())
    const origin = await listen(app)
    await fetch(origin)
    await fetch(origin)
    expect(warnings).toEqual([expect.stringMatching(/Two createSessions\(\).*one request.*two cookie names/)])
  })

  /** Express, with a router for each of these `createSessions`. */
  async function parts(...all: SessionsOptions<Record<string, JsonValue>>[]) {
    const warnings: string[] = []
    const app = express()
    for (const [index, options] of all.entries()) {
      const router = express.Router()
      router.use(expressSessions(createSessions({ warn: (message) => warnings.push(message), ...options })))
      router.post('/login', async (request, response) => {
        await request.session.login('ada')
        response.end()
      })
      router.use((request, response) => void response.end(String(request.session.userId)))
      app.use(`/${index}`, router)
    }
    return { origin: await listen(app), warnings }
  }

  test('in two routers: a warning at the first request that has the cookie of the other, before a login is lost', async () => {
    const { origin, warnings } = await parts({}, {})
    const { jar, visit } = browser()
    await visit(`${origin}/0/login`, 'POST')
    expect(warnings).toEqual([])
    expect(await visit(`${origin}/1`)).toBe('null')
    expect(warnings).toEqual([expect.stringMatching(SHARED)])
    expect(warnings[0]).not.toContain([...jar.values()][0])
    expect(await visit(`${origin}/0`)).toBe('ada')
    // Neither of the two repeats it.
    await visit(`${origin}/1/login`, 'POST')
    await visit(`${origin}/0`)
    expect(warnings).toHaveLength(1)
  })

  test('also in production, where the logouts are silent otherwise', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    const { origin, warnings } = await parts({ store: memoryStore() }, { store: memoryStore() })
    const browser = { host: 'shop.test', 'x-forwarded-proto': 'https' }
    const { cookie } = await send(`${origin}/0/login`, { method: 'POST', headers: browser })
    const shared = () => warnings.filter(isShared)
    expect(shared()).toEqual([])
    await send(`${origin}/1`, { headers: { ...browser, cookie } })
    await send(`${origin}/1`, { headers: { ...browser, cookie } })
    expect(shared()).toEqual([expect.stringMatching(/received a cookie "__Host-session" that another createSessions/)])
  })

  test('also on another host than localhost', async () => {
    const { origin, warnings } = await parts({}, {})
    const host = { host: 'shop.test' }
    const { cookie } = await send(`${origin}/0/login`, { method: 'POST', headers: host })
    await send(`${origin}/1`, { headers: { ...host, cookie } })
    expect(warnings.filter(isShared)).toEqual([expect.stringContaining('cookie "__Host-session" that')])
  })

  test.each([
    ['with a name for each', [{}, { cookie: { name: '__Host-admin' } }]],
    ['with one store for both', [{ store: memoryStore() }].flatMap((one) => [one, one])],
  ] as const)('%s, nobody warns', async (_, both) => {
    const { origin, warnings } = await parts(...both)
    const { visit } = browser()
    for (const path of ['0/login', '1/login', '0/login']) await visit(`${origin}/${path}`, 'POST')
    for (const path of ['0', '1', '0']) expect(await visit(`${origin}/${path}`)).toBe('ada')
    expect(warnings).toEqual([])
  })

  test('for tenants, each with its own browser, or in tests, nobody warns', async () => {
    const { origin, warnings } = await parts({}, {}, {})
    for (const part of [0, 1, 2]) {
      const { visit } = browser()
      await visit(`${origin}/${part}/login`, 'POST')
      expect(await visit(`${origin}/${part}`)).toBe('ada')
    }
    expect(warnings).toEqual([])
  })

  test('a token that only expired is no sign of another one', async () => {
    let now = Date.UTC(2030, 0, 1)
    const warnings: string[] = []
    const sessions = createSessions({ clock: () => now, warn: (message) => warnings.push(message) })
    const app = express()
    app.use(expressSessions(sessions))
    app.use(async (request, response) => {
      if (request.method === 'POST') await request.session.login('ada')
      response.end(String(request.session.refused))
    })
    const origin = await listen(app)
    const headers = { host: 'shop.test' }
    const { cookie } = await send(origin, { method: 'POST', headers })
    now += 86_400_000
    await sessions.sweep()
    expect(await send(origin, { headers: { ...headers, cookie } })).toMatchObject({ body: 'unknown' })
    expect(warnings.filter(isShared)).toEqual([])
  })

  test('what is remembered of set cookies is bounded', async () => {
    const { origin, warnings } = await parts({}, {})
    const first = browser()
    await first.visit(`${origin}/0/login`, 'POST')
    for (let each = 0; each < 100; each++) await browser().visit(`${origin}/0/login`, 'POST')
    await first.visit(`${origin}/1`)
    expect(warnings).toEqual([])
  })

  test('on two parts of a Fastify application: the second one warns at its first request', async () => {
    const warnings: string[] = []
    const app = Fastify({ forceCloseConnections: true })
    for (const prefix of ['/shop', '/admin']) {
      app.register(
        async (part) => {
          part.register(fastifySessions, { sessions: createSessions({ warn: (message) => warnings.push(message) }) })
          part.post('/login', async (request) => request.session.login('ada'))
          part.get('/', (request) => String(request.session.userId))
        },
        { prefix },
      )
    }
    const address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost')
    const { visit } = browser()
    await visit(`${address}/shop/login`, 'POST')
    await visit(`${address}/admin/login`, 'POST')
    expect(await visit(`${address}/shop`)).toBe('null')
    await app.close()
    expect(warnings).toEqual([expect.stringMatching(SHARED)])
  })
})
