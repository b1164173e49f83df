import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@libsql/client'
import { createPool } from 'mysql2/promise'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/sql-store.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { lostAnswerCases } from './lost-answers.ts'
import { anId, aRecord, aTombstone } from './records.ts'
import { type Connected, newTable } from './sql-contract.ts'

/** The number of replies before the one that confirms the change. */
interface Replies {
  readonly change: number
  readonly end: number
}

interface World {
  readonly start: () => Promise<{ readonly port: number; readonly url: string; stop(): Promise<void> }>
  /** One connection at a time, so that the reply which is cut is that of the call. */
  readonly clients: Readonly<Record<string, readonly [connect: (url: string) => Connected, replies: Replies]>>
}

const POSTGRES: World = {
  start: startPostgres,
  clients: {
    pg: [
      (url) => {
        const client = openPool({ connectionString: url, max: 1 })
        return { createStore: (table) => postgresStore({ client, table }), end: () => client.end() }
      },
      { change: 0, end: 0 },
    ],
    'postgres.js': [
      (url) => {
        const client = postgres(url, { max: 1, onnotice: () => undefined, backoff: () => 0.1 })
        return { createStore: (table) => postgresStore({ client, table }), end: () => client.end({ timeout: 1 }) }
      },
      { change: 0, end: 0 },
    ],
    'postgres.js without prepared statements': [
      (url) => {
        const client = postgres(url, { max: 1, onnotice: () => undefined, backoff: () => 0.1, prepare: false })
        return {
          createStore: (table) => postgresStore({ client, table, prepare: false }),
          end: () => client.end({ timeout: 1 }),
        }
        // It asks for the types of parameters each time.
      },
      { change: 1, end: 1 },
    ],
  },
}

const MYSQL: World = {
  start: startMariadb,
  clients: {
    mysql2: [
      (uri) => {
        const client = createPool({ uri, connectionLimit: 1 })
        return { createStore: (table) => mysqlStore({ client, table }), end: () => client.end() }
        // START TRANSACTION, SELECT, UPDATE; then COMMIT.
      },
      { change: 0, end: 3 },
    ],
  },
}

/** A store whose next change loses its answer. Statements are prepared earlier, with an unknown session. */
function losing(store: SqlStore, proxy: TcpProxy, replies: Replies): { store: SqlStore; loseNext(): void } {
  let isArmed = false
  async function lose(prepare: () => unknown, skipped = replies.change): Promise<void> {
    if (!isArmed) return
    isArmed = false
    await prepare()
    proxy.cutNextReplyAfter(0, skipped)
  }
  return {
    loseNext() {
      isArmed = true
    },
    store: {
      ...store,
      async create(record) {
        await lose(() => store.create(aRecord({ userId: record.userId })))
        return store.create(record)
      },
      async write(id, change) {
        await lose(() => store.write(anId(), change))
        return store.write(id, change)
      },
      async end(id, tombstone) {
        await lose(() => store.end(anId(), aTombstone(aRecord())), replies.end)
        return store.end(id, tombstone)
      },
    },
  }
}

describe.each([
  ['PostgreSQL', POSTGRES],
  ['MariaDB', MYSQL],
] as const)('an answer of %s is lost [2 No lost update]', (_, { start, clients }) => {
  let server: Awaited<ReturnType<World['start']>>
  let proxy: TcpProxy
  beforeAll(async () => {
    server = await start()
    proxy = await startProxy(server.port)
  }, 60_000)
  afterAll(async () => {
    await proxy.close()
    await server.stop()
  })

  describe.each(Object.entries(clients))('%s', (_name, [connect, replies]) => {
    let distant: Connected
    let near: Connected
    beforeAll(() => {
      near = connect(server.url)
      distant = connect(server.url.replace(`:${server.port}`, `:${proxy.port}`))
    })
    afterAll(() => Promise.all([near.end(), distant.end()]))

    test.each(lostAnswerCases.map((one) => [one.name, one] as const))(
      '%s',
      { timeout: 20_000 },
      async (_case, { run }) => {
        const table = newTable()
        const straight = near.createStore(table)
        await straight.setup()
        await run({ straight, ...losing(distant.createStore(table), proxy, replies) })
      },
    )
  })
})

describe('a libSQL server by HTTP', () => {
  test('is asked once for each call, be it to read or to write, when its answer is lost', async () => {
    let requests = 0
    const server = createServer((request, response) => {
      // The queries of the client before its first batch.
      if (request.url?.endsWith('/v3') === true || request.url?.endsWith('/v2') === true) return void response.end()
      requests++
      request.resume().on('end', () => request.socket.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    const store = sqliteStore({ client })
    const record = aRecord()
    const calls = [
      () => store.create(record),
      () => store.write(record.id, { set: { a: '1' } }),
      () => store.end(record.id, aTombstone(record)),
    ]
    for (const call of calls) {
      requests = 0
      await expect((async () => call())()).rejects.toMatchObject({ code: 'ERR_STORE' })
      expect(requests).toBe(1)
    }
    client.close()
    server.closeAllConnections()
    server.close()
  })
})
