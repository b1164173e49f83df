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
import { afterAll, describe, expect, it } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import { without } from '../../../../tools/servers.mjs'
import { createClock, createWorld } from '../core/kit.ts'
import { at, login, WAIT, whoIs } from '../core/kit-end-all.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startRedis } from '../support/servers/redis.ts'
import { startWorker } from '../support/worker.ts'
import { skipWaits, testEndAll } from './end-all-cases.ts'
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

for (const [name, create] of [...STORES, ...ON_REDIS, ...ON_MARIADB, ...ON_WORKERS]) testEndAll(name, create)

describe('moving to another store', () => {
  skipWaits()

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
})
