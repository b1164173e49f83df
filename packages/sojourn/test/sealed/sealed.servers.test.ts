import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import { createSessions, memoryStore, type Sessions, type Store } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { expressSessions } from 'sojourn/express'
import { withSession } from 'sojourn/fetch'
import { sealedSessions } from 'sojourn/sealed'
import { nearCache } from 'sojourn/stores/near-cache'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { UserAgent } from '../carriers/user-agent.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { ALL, Browser, create, KEY, presented } from './kit.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listening(server: Server): Promise<string> {
  servers.push(server)
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

interface Data {
  cart?: string[]
}

function onExpress(sessions: Sessions<Data>): Promise<string> {
  const app = express()
  app.use(expressSessions(sessions))
  app.post('/login', async (request, response) => {
    const session = sessions.get(request)
    session.data.cart = ['tea']
    await session.login('ada')
    response.end('in')
  })
  app.post('/logout', async (request, response) => {
    await sessions.get(request).logout()
    response.end('out')
  })
  app.get('/', (request, response) => void response.json(sessions.get(request).data.cart ?? null))
  return listening(createServer(app as RequestListener))
}

async function onFetch(sessions: Sessions<Data>): Promise<string> {
  const handle = withSession(sessions, async (request, session) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/login') {
      session.data.cart = ['tea']
      await session.login('ada')
    }
    if (pathname === '/logout') await session.logout()
    return Response.json(session.data.cart ?? null)
  })
  const server = serve({ fetch: handle, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }) as Server
  await new Promise((resolve) => server.once('listening', resolve))
  return listening(server)
}

describe.each([
  ['Express', onExpress],
  ['fetch', onFetch],
])('over sockets, on %s', (_, start) => {
  test.each([
    ['without a store', false, false],
    ['with a store', true, false],
    ['with a store, its data sealed once more', true, true],
  ])('%s: a login, an edit, a read and a logout', async (_name, isStored, sealed) => {
    const sessions = createSessions<Data>({
      ...sealedSessions({ keys: [KEY], ...(isStored && { revocations: memoryStore() }) }),
      insecureStoreLacks: isStored ? ['lost-update'] : ALL,
      sealed,
      warn() {},
    })
    const base = await start(sessions)
    const browser = new UserAgent()
    const send = async (method: string, path: string, cookie = browser.send(base)): Promise<unknown> => {
      const headers = { 'sec-fetch-site': 'same-origin', ...(cookie !== null && { cookie }) }
      const response = await fetch(base + path, { method, headers })
      for (const line of response.headers.getSetCookie()) browser.receive(base, line)
      const text = await response.text()
      return text.startsWith('[') || text === 'null' ? JSON.parse(text) : text
    }
    expect(await send('GET', '/')).toBeNull()
    await send('POST', '/login')
    expect(await send('GET', '/')).toEqual(['tea'])
    const copy = browser.send(base)
    await send('POST', '/logout')
    expect(browser.send(base)).toBeNull()
    expect(await send('GET', '/', copy)).toEqual(isStored ? null : ['tea'])
  })
})

describe('1 Ended is ended: with a near cache and a bus', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  }, 60_000)
  afterAll(() => redis.stop())

  /** Stands for a process: it shares only Redis with the others. It notes what Redis is asked for. */
  async function node() {
    const { url } = redis
    const inner = redisStore({ url })
    const asked: string[] = []
    const counted: Store = {
      ...inner,
      read(id) {
        asked.push(id)
        return inner.read(id)
      },
    }
    const cache = nearCache(counted, { bus: redisBus({ url }) })
    await cache.setup?.()
    return { sessions: create({ revocations: cache }), asked, close: () => cache.close() }
  }

  test('a request costs no read of the store, and an end elsewhere is seen at once', async () => {
    const [one, two] = await Promise.all([node(), node()])
    const browser = new Browser()
    const id = await browser.visit(one.sessions, async ({ session }) => {
      await session.login('ada')
      return session.id
    })
    const { cookie } = browser
    // Not before the bus is connected, nor while it is late: then the cache asks, which is the safe direction.
    const readsOfTwenty = async (): Promise<number> => {
      two.asked.length = 0
      for (let i = 0; i < 20; i++) expect((await presented(two.sessions, cookie)).userId).toBe('ada')
      // Once a second, any request also reads the marker of `endAll`.
      return two.asked.filter((asked) => asked === id).length
    }
    await expect.poll(readsOfTwenty, { timeout: 10_000 }).toBe(0)
    await one.sessions.revokeAll('ada')
    await expect.poll(async () => (await presented(two.sessions, cookie)).refused, { timeout: 1000 }).toBe('ended')
    await Promise.all([one.close(), two.close()])
  })
})
