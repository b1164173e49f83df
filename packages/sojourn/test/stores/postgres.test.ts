import { PGlite } from '@electric-sql/pglite'
import postgres from 'postgres'
import { afterAll } from 'vitest'
import { type PgClient, type PostgresClient, postgresStore } from '../../src/stores/postgres.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { type Connected, newTable, testSqlStore } from './sql-contract.ts'
import { testRoundTrips } from './sql-round-trips.ts'

const server = await startPostgres()
const admin = openPool({ connectionString: server.url, max: 1 })
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const urlOf = (port: number): string => server.url.replace(`${server.port}`, `${port}`)

async function dump(table: string): Promise<string[]> {
  const { rows } = await admin.query({ text: `SELECT t::text FROM "${table}" AS t`, rowMode: 'array' })
  return rows.map(([row]) => String(row))
}

const over = (client: PostgresClient, end: () => Promise<unknown>): Connected => ({
  createStore: (table) => postgresStore({ client, table }),
  end,
})

const world = { port: () => server.port, dump, run: (sql: string): Promise<unknown> => admin.query(sql) }

testSqlStore('postgres, a Pool of pg', {
  ...world,
  connect(port) {
    const pool = openPool({ connectionString: urlOf(port) })
    return over(pool, () => pool.end())
  },
})

testSqlStore('postgres, postgres.js without prepared statements, as behind a pooler', {
  ...world,
  connect(port) {
    const sql = postgres(urlOf(port), { onnotice: () => undefined, prepare: false, transform: postgres.camel })
    return over(sql, () => sql.end({ timeout: 1 }))
  },
})

testSqlStore('postgres, a url', {
  ...world,
  connect(port) {
    const stores: { close(): unknown }[] = []
    return {
      createStore(table) {
        const store = postgresStore({ url: urlOf(port), table })
        stores.push(store)
        return store
      },
      end: () => Promise.all(stores.map((store) => store.close())),
    }
  },
})

testRoundTrips(
  'postgres',
  () => {
    const sent: string[] = []
    const client: PgClient = {
      query(config) {
        sent.push(config.text)
        return (admin as PgClient).query(config)
      },
    }
    return { store: postgresStore({ client, table: newTable() }), sent }
  },
  1,
)

const lite = await PGlite.create()
afterAll(() => lite.close())

testSqlStore('postgres, PGlite', {
  port: () => null,
  connect: () => over(lite, () => Promise.resolve()),
  run: (sql) => lite.query(sql),
  async dump(table) {
    const { rows } = await lite.query<{ t: string }>(`SELECT t::text FROM "${table}" AS t`)
    return rows.map(({ t }) => t)
  },
})
