import { join } from 'node:path'
import fc from 'fast-check'
import Database from 'libsql'
import { createSessions, memoryStore, type Store } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { sessionLimit } from 'sojourn/guards/session-limit'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { mysqlStore } from 'sojourn/stores/mysql'
import { nearCache } from 'sojourn/stores/near-cache'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { type SqliteClient, sqliteStore } from 'sojourn/stores/sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { createClient, toView } from '../core/kit.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startRedis } from '../support/servers/redis.ts'

const NODES = 3
const folder = quickFolder('session-limit')
const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function started<T extends { stop(): unknown }>(program: string, start: () => Promise<T>): Promise<T | null> {
  if (without().includes(program)) return null
  const server = await start()
  cleanups.push(() => server.stop())
  return server
}

/** Answers late, and in another order than it was asked. */
function late(store: Store): Store {
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, Math.random() * 3))
  const slowed = (['read', 'create', 'write', 'end', 'list'] as const).map((verb) => [
    verb,
    async (...args: never[]) => {
      await pause()
      const answer = await (store[verb] as (...args: never[]) => unknown)(...args)
      await pause()
      return Array.isArray(answer) && Math.random() < 0.5 ? answer.reverse() : answer
    },
  ])
  return { ...store, ...Object.fromEntries(slowed) }
}

function sqliteClient(): SqliteClient {
  const client = new Database(join(folder, 'sessions.sqlite'))
  client.exec('PRAGMA journal_mode = WAL')
  client.exec('PRAGMA busy_timeout = 1000')
  cleanups.push(() => client.close())
  return client as unknown as SqliteClient
}

const redis = await started('redis-server', startRedis)
const postgres = await started('postgres', startPostgres)
const mariadb = await started('mariadbd', startMariadb)
const shared = memoryStore()
const bus = memoryBus()

/** One store for each node, all on the same data. */
const STORES: readonly [string, (() => Store) | null][] = [
  ['memory', () => late(shared)],
  ['LMDB', () => lmdbStore({ path: join(folder, 'lmdb') })],
  ['SQLite', () => sqliteStore({ client: sqliteClient() })],
  ['Redis', redis && (() => redisStore({ url: redis.url }))],
  ['Redis behind near caches', redis && (() => nearCache(redisStore({ url: redis.url, prefix: 'near:' }), { bus }))],
  ['PostgreSQL', postgres && (() => postgresStore({ url: postgres.url }))],
  ['MariaDB', mariadb && (() => mysqlStore({ url: mariadb.url }))],
]

describe.each(STORES)('many logins of one user at once, on several nodes over %s', (name, open) => {
  const runs = fc.record({
    most: fc.integer({ min: 1, max: 3 }),
    logins: fc.integer({ min: 1, max: 8 }),
    /** How far the clocks of the nodes are apart. With 0, most sessions begin at the same moment. */
    skewMs: fc.constantFrom(0, 1, 50),
  })
  let users = 0

  const withNodes = async (
    work: (
      at: (
        index: number,
        most: number,
        skewMs: number,
        whenFull: 'end-oldest' | 'refuse',
      ) => ReturnType<typeof createSessions<object>>,
    ) => Promise<void>,
  ): Promise<void> => {
    if (open === null) return
    const stores = Array.from({ length: NODES }, open)
    await stores[0]?.setup?.()
    await work((index, most, skewMs, whenFull) => {
      const node = index % NODES
      const store = stores[node] ?? shared
      return createSessions<object>({
        store,
        clock: () => Date.now() + node * skewMs,
        guards: [sessionLimit({ most, whenFull })],
        warn: () => undefined,
      })
    })
    for (const store of stores) if (name !== 'memory') await store.close()
  }

  test.skipIf(open === null).each(['end-oldest', 'refuse'] as const)(
    'from as many devices leave exactly the limit, never more and never none (%s)',
    async (whenFull) => {
      await withNodes((at) =>
        fc.assert(
          fc.asyncProperty(runs, async ({ most, logins, skewMs }) => {
            const user = `${name}-${whenFull}-${users++}`
            const clients = Array.from({ length: logins }, (_, index) =>
              createClient(at(index, most, skewMs, whenFull)),
            )
            const results = await Promise.allSettled(
              clients.map((client) => client.send((session) => session.login(user), { method: 'POST' })),
            )
            for (const result of results) {
              if (result.status === 'rejected')
                expect(result.reason.code).toMatch(/^ERR_(LOGIN_REFUSED|SESSION_ENDED)$/)
            }
            const seen = await Promise.all(
              clients.map(async (client) => (await client.send(({ userId }) => userId)).value),
            )
            expect(seen.filter((each) => each === user)).toHaveLength(Math.min(most, logins))
            expect(await at(0, most, 0, whenFull).list(user)).toHaveLength(Math.min(most, logins))
          }),
          { numRuns: 25 },
        ),
      )
    },
    60_000,
  )

  test.skipIf(open === null)(
    'from one browser that was logged in leave exactly the limit',
    async () => {
      await withNodes((at) =>
        fc.assert(
          fc.asyncProperty(runs, async ({ most, logins, skewMs }) => {
            const user = `${name}-again-${users++}`
            const browser = createClient(at(0, most, skewMs, 'end-oldest'))
            await browser.send((session) => session.login(user), { method: 'POST' })
            const cookie = browser.cookie()
            await Promise.all(
              Array.from({ length: logins }, async (_, index) => {
                const { session, commit } = await at(index, most, skewMs, 'end-oldest').open(
                  toView({ method: 'POST', cookie }),
                )
                const error = await session.login(user).then(
                  () => null,
                  (reason: { code?: string }) => reason,
                )
                if (error === null) browser.receive(await commit())
                else expect(error.code).toMatch(/^ERR_(LOGIN_REFUSED|SESSION_ENDED)$/)
              }),
            )
            const live = await at(0, most, 0, 'end-oldest').list(user)
            expect(live).toHaveLength(Math.min(most, logins))
          }),
          { numRuns: 15 },
        ),
      )
    },
    60_000,
  )
})
