import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { RedisStore } from 'connect-redis'
import express, { type Express } from 'express'
import type pg from 'pg'
import { createClient } from 'redis'
import session, { type ExpressStore, type SessionOptions } from 'sojourn/express-session'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { without as leftOut } from '../../../../../tools/servers.mjs'
import { openPool } from '../../support/servers/pg-pool.ts'
import { type PostgresServer, startPostgres } from '../../support/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../support/servers/redis.ts'
import { listen } from '../support/node-reply.ts'
import { Client, gate, old, serve } from './support.ts'

const require = createRequire(import.meta.url)
const oldSession = require('express-session') as typeof session
const post = { method: 'POST' }

/** What is tested on each store, in one process and from one process to another. */
function cases(createStore: () => SessionOptions['store']): void {
  function routes(app: Express, slow: ReturnType<typeof gate>): void {
    app.post('/set/:key', (request, response) => {
      old(request).session[request.params.key] = true
      response.end()
    })
    app.post('/slow/:key', async (request, response) => {
      old(request).session[request.params.key] = true
      await slow.pass()
      response.end()
    })
    app.post('/logout', async (request, response) => {
      await old(request).session.destroy()
      response.end()
    })
    app.get('/', (request, response) => {
      const { cookie: _, ...data } = old(request).session
      response.end(JSON.stringify(data))
    })
  }

  /** Two applications with a store of their own each, as in two processes. */
  async function open(more: SessionOptions = {}) {
    const slow = gate()
    const one = await serve({ store: createStore(), ...more }, (app) => routes(app, slow))
    const two = await serve({ store: createStore(), ...more }, (app) => routes(app, slow))
    const client = new Client(one.origin)
    const elsewhere = new Client(two.origin)
    await client.send('/set/first', post)
    for (const [name, value] of client.cookies) elsewhere.cookies.set(name, value)
    return { slow, client, elsewhere, errors: [one.errors, two.errors] }
  }

  test.each([
    ['a cookie without maxAge', {}],
    ['a rolling cookie', { rolling: true, cookie: { maxAge: 60_000 } }],
  ])('data come back on another process, with %s', async (_, more) => {
    const { client, elsewhere, errors } = await open(more)
    expect(JSON.parse(await elsewhere.text('/'))).toEqual({ first: true })
    await elsewhere.send('/set/second', post)
    expect(JSON.parse(await client.text('/'))).toEqual({ first: true, second: true })
    expect(errors).toEqual([[], []])
  })

  test('1 ended is ended: a slow write of one process, a logout at the other', async () => {
    const { client, elsewhere, slow } = await open()
    const running = client.send('/slow/late', post)
    await slow.reached
    await elsewhere.send('/logout', post)
    slow.open()
    await running
    expect(await client.text('/')).toBe('{}')
  })

  test('2 no lost update: two processes change different keys', async () => {
    const { client, elsewhere, slow } = await open()
    const running = client.send('/slow/late', post)
    await slow.reached
    await elsewhere.send('/set/quick', post)
    slow.open()
    await running
    expect(JSON.parse(await client.text('/'))).toEqual({ first: true, quick: true, late: true })
  })
}

describe.skipIf(leftOut().includes('redis-server'))('Redis', () => {
  let server: RedisServer
  let client: ReturnType<typeof createClient>
  beforeAll(async () => {
    server = await startRedis()
    client = createClient({ url: server.url })
    await client.connect()
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })
  const connectRedis = (): ExpressStore => new RedisStore({ client })

  describe('connect-redis', () => {
    cases(connectRedis)

    test('a login of express-session is still a login after the change of the import, and the other way round', async () => {
      const add = (app: Express): void => {
        app.get('/', (request, response) => {
          old(request).session.visits = Number(old(request).session.visits ?? 0) + 1
          response.end(String(old(request).session.visits))
        })
      }
      const options = { secret: 'keyboard cat', resave: false, saveUninitialized: false }
      const app = express()
      app.use(oldSession({ ...options, store: connectRedis() }) as never)
      add(app)
      const before = await listen(createServer(app))
      onTestFinished(() => before.close())
      const after = await serve({ store: connectRedis() }, add)
      const [first, second] = [new Client(before.origin), new Client(after.origin)]
      expect(await first.text('/')).toBe('1')
      second.cookies.set('connect.sid', first.cookies.get('connect.sid') ?? '')
      expect(await second.text('/')).toBe('2')
      expect(await first.text('/')).toBe('3')
    })
  })

  describe('redisStore of Sojourn', () => {
    cases(() => redisStore({ client }))

    test('4 hashed at rest: no key and no value has the id of the cookie', async () => {
      const { origin } = await serve({ store: redisStore({ client }) }, (app) => {
        app.get('/', (request, response) => {
          old(request).session.seen = true
          response.end(old(request).sessionID)
        })
      })
      const id = await new Client(origin).text('/')
      const dump = await server.ask('eval', 'return table.concat(redis.call("keys", "*"), " ")', '0')
      expect(id).toHaveLength(32)
      expect(String(dump)).not.toContain(id)
    })
  })
})

describe.skipIf(leftOut().includes('postgres'))('connect-pg-simple', () => {
  let server: PostgresServer
  let pool: pg.Pool
  beforeAll(async () => {
    server = await startPostgres()
    pool = openPool({ connectionString: server.url })
    // The server may stop before the last idle connection is closed.
  })
  afterAll(async () => {
    await pool.end()
    await server.stop()
  })
  const PgStore = require('connect-pg-simple')(session) as new (options: object) => ExpressStore

  cases(() => new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false }))
})
