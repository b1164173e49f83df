import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Database from 'libsql'
import { memoryStore, type Store } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { durableObjectStore, type ObjectNamespace } from 'sojourn/stores/cloudflare'
import { dynamodbStore } from 'sojourn/stores/dynamodb'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { migrate, movingStore } from 'sojourn/stores/migrate'
import { mysqlStore } from 'sojourn/stores/mysql'
import { nearCache } from 'sojourn/stores/near-cache'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { resilientStore } from 'sojourn/stores/resilient'
import { type SqliteClient, sqliteStore } from 'sojourn/stores/sqlite'
import { writeBehind } from 'sojourn/stores/write-behind'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import { without } from '../../../../tools/servers.mjs'
import { LEASE_MS } from '../../src/core/request/eras.ts'
import { createClock, createWorld, edit } from '../core/kit.ts'
import { at, login, WAIT, whoIs } from '../core/kit-end-all.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startRedis } from '../support/servers/redis.ts'
import { startWorker } from '../support/worker.ts'
import { isLeftOut } from './redis-stores.ts'

const folder = quickFolder('end-all')
const redis = isLeftOut ? null : await startRedis()
const mariadb = without().includes('mariadb') ? null : await startMariadb(['--innodb-flush-log-at-trx-commit=2'])
const dynalite = await startDynalite()
const worker = hasRuntimes
  ? await startWorker(new URL('./runtimes/cloudflare-worker.ts', import.meta.url), folder)
  : null
afterAll(async () => {
  await redis?.stop()
  await mariadb?.stop()
  await dynalite.stop()
  await worker?.stop()
})

function sqlite(): SqliteClient {
  const client = new Database(join(folder, 'sqlite.db')) as unknown as SqliteClient & { exec(sql: string): void }
  client.exec('PRAGMA journal_mode = WAL')
  client.exec('PRAGMA busy_timeout = 100')
  return client
}

/** Two stores that share their records, as two processes have them. */
const STORES: readonly [name: string, create: () => Promise<readonly [Store, Store]>][] = [
  ['LMDB', async () => [lmdbStore({ path: join(folder, 'lmdb') }), lmdbStore({ path: join(folder, 'lmdb') })]],
  ['SQLite', async () => [sqliteStore({ client: sqlite() }), sqliteStore({ client: sqlite() })]],
  [
    'PostgreSQL',
    async () => {
      const client = await PGlite.create()
      return [postgresStore({ client }), postgresStore({ client })]
    },
  ],
  [
    'DynamoDB',
    async () => {
      const client = dynalite.client()
      return [dynamodbStore({ client, table: 'sessions' }), dynamodbStore({ client, table: 'sessions' })]
    },
  ],
  [
    'a store that sessions are moving from',
    async () => {
      const [from, to] = [memoryStore(), memoryStore()]
      return [movingStore({ from, to }), movingStore({ from, to })]
    },
  ],
]
const ON_REDIS: typeof STORES =
  redis === null
    ? []
    : [
        ['Redis', async () => [redisStore({ url: redis.url }), redisStore({ url: redis.url })]],
        [
          'a near cache in front of Redis',
          async () => {
            const { url } = redis
            const near = (): Store =>
              writeBehind(
                nearCache(resilientStore(redisStore({ url, prefix: 'near:' })), {
                  bus: redisBus({ url }),
                  maxStale: '1h',
                }),
              )
            return [near(), near()]
          },
        ],
      ]

const ON_MARIADB: typeof STORES =
  mariadb === null
    ? []
    : [['MariaDB', async () => [mysqlStore({ url: mariadb.url }), mysqlStore({ url: mariadb.url })]]]
const ON_WORKERS: typeof STORES =
  worker === null
    ? []
    : [
        [
          'Durable Objects',
          async () => {
            const namespace: ObjectNamespace = await worker.flare.getDurableObjectNamespace('SESSIONS')
            return [durableObjectStore({ namespace }), durableObjectStore({ namespace })]
          },
        ],
      ]

/** The time that `endAll` waits passes at once. */
beforeEach(() => {
  const real = globalThis.setTimeout
  const early = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
    real(run, ms === WAIT ? 0 : ms, ...args)
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(early as typeof setTimeout)
})
afterEach(() => void vi.restoreAllMocks())

describe.each([...STORES, ...ON_REDIS, ...ON_MARIADB, ...ON_WORKERS])('endAll on %s', (_, create) => {
  it('ends every session in every process, then its record; later logins stay, also through a second one', async () => {
    const clock = createClock(Date.now())
    const [store, other] = await create()
    const world = createWorld({ clock })
    const one = world.node({ store })
    const two = world.node({ store: other })
    await one.setup()
    await two.setup()
    const users = await Promise.all(Array.from({ length: 20 }, (_, i) => login(i % 2 ? one : two, `user ${i}`)))
    for (const user of users) {
      await user.send(edit({ cart: ['tea'] }))
      expect(await whoIs(at(two, user))).toContain('user')
    }
    const done = one.endAll({ reason: 'breach' })
    clock.advance(WAIT)
    const { removed } = await done
    for (const user of users) {
      for (const sessions of [one, two]) expect(await whoIs(at(sessions, user))).toBe('ended')
    }
    const bob = await login(two, 'bob')
    expect(await removed).toBe(store.scan === undefined ? 0 : 20)
    expect(world.eventsOf('ended')).toHaveLength(store.scan === undefined ? 0 : 20)
    for (const sessions of [one, two]) expect(await whoIs(at(sessions, bob))).toBe('bob')
    if (store.scan !== undefined) expect(await one.count()).toBe(1)
    const again = two.endAll()
    clock.advance(WAIT)
    await (await again).removed
    clock.advance(LEASE_MS)
    for (const sessions of [one, two]) expect(await whoIs(at(sessions, bob))).toBe('ended')
    await one.close()
    await two.close()
  }, 60_000)
})

it('a migration takes the marker along', async () => {
  const clock = createClock(Date.now())
  const [from, to] = [memoryStore(), memoryStore()]
  const { scan: _, ...unscanned } = from
  const world = createWorld({ clock })
  const one = world.node({ store: unscanned })
  const ada = await login(one)
  const done = one.endAll()
  clock.advance(WAIT)
  await done
  await migrate(from, to, { clock })
  expect(await whoIs(at(world.node({ store: to }), ada))).toBe('ended')
})
