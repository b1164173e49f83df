import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import session from 'express-session'
import Fastify from 'fastify'
import { createSessions } from 'sojourn'
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

/** An application with its own store and memory. Another `start` is another application, or a new run of the same one. */
async function start(name?: `__Host-${string}`) {
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

  test('in production nothing is asked, and on another host there is no warning', async () => {
    const local = await start()
    await fetch(local.origin.replace('localhost', '127.0.0.1'), {
      headers: { cookie: 'session=x', host: 'shop.example' },
    })
    vi.stubEnv('NODE_ENV', 'production')
    const { cookieCarrier } = await import('sojourn')
    expect(cookieCarrier()).not.toHaveProperty('foreign')
    vi.unstubAllEnvs()
    expect(cookieCarrier()).toHaveProperty('foreign')
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
    expect(warnings).toEqual([expect.stringMatching(/Two createSessions\(\).*one request.*different cookie names/)])
  })

  test('on two parts of a Fastify application: the one whose cookie is gone warns', async () => {
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
    expect(warnings).toEqual([expect.stringMatching(CLASH)])
  })
})
