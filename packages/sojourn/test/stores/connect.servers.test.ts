import { createRequire } from 'node:module'
import { type StoreContext, storeCases } from '@sojourn/conformance'
import { RedisStore } from 'connect-redis'
import type pg from 'pg'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { without as leftOut } from '../../../../tools/servers.mjs'
import type { Store } from '../../src/core/contracts/store.ts'
import { connectStore, type ExpressStore } from '../../src/stores/connect.ts'
import { testCases } from '../support/run-cases.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'

const session: unknown = createRequire(import.meta.url)('express-session')
const PgStore = createRequire(import.meta.url)('connect-pg-simple')(session) as new (options: object) => ExpressStore

const without = {
  second: 'between processes the bridge promises nothing, and says so',
  sever: 'a fault of the client itself is tested with a store that fails',
  sweeps: 'each store expires in its own way',
  damage: 'each store keeps its texts in its own way: test/stores/connect.test.ts',
  scans: 'Express-style stores cannot enumerate page by page',
}
const places = new WeakMap<Store, string>()
let count = 0

function named(place: string, store: ExpressStore): Store {
  const opened = connectStore({ store })
  places.set(opened, place)
  return opened
}
const placeOf = (store: Store): string => places.get(store) ?? ''

describe.skipIf(leftOut().includes('redis-server'))('over connect-redis', () => {
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
  const open = (prefix: string): Store => named(prefix, new RedisStore({ client, prefix }))

  testCases('connect', storeCases, {
    createStore: () => open(`s${count++}:`),
    reopen: (store) => open(placeOf(store)),
    async probe(store) {
      const keys = await client.keys(`${placeOf(store)}*`)
      return [...keys, ...(await Promise.all(keys.map((key) => client.get(key)))).map(String)]
    },
    without,
  } satisfies StoreContext)
})

describe.skipIf(leftOut().includes('postgres'))('over connect-pg-simple', () => {
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
  const open = (schemaName: string): Store =>
    named(schemaName, new PgStore({ pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false }))

  testCases('connect', storeCases, {
    async createStore() {
      const schema = `s${count++}`
      await pool.query(`CREATE SCHEMA ${schema}`)
      return open(schema)
    },
    reopen: (store) => open(placeOf(store)),
    async probe(store) {
      const { rows } = await pool.query(`SELECT * FROM ${placeOf(store)}.session`)
      return rows.map((row) => JSON.stringify(row))
    },
    without,
  } satisfies StoreContext)
})
