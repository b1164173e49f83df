import postgres from 'postgres'
import { createSessions } from 'sojourn'
import { afterAll, describe, expect, test } from 'vitest'
import { openPostgresJs } from '../../src/stores/postgres/connect.ts'
import { postgresDialect } from '../../src/stores/postgres/dialect.ts'
import { type PgClient, postgresStore } from '../../src/stores/postgres.ts'
import { sqlStore } from '../../src/stores/sql/sql-store.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { aRecord, aTombstone } from './records.ts'
import { newTable } from './sql-contract.ts'
import { testSqlFaults, testWaiting } from './sql-faults.ts'

const server = await startPostgres()
const admin = openPool({ connectionString: server.url })
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const urlOf = (port: number): string => server.url.replace(`${server.port}`, `${port}`)

testSqlFaults('postgres, a Pool of pg', {
  server,
  connect(port) {
    const client = openPool({ connectionString: urlOf(port) })
    return { createStore: (table) => postgresStore({ client, table }), end: () => client.end() }
  },
})

testSqlFaults('postgres, postgres.js', {
  server,
  connect(port) {
    // By default it waits for longer and longer, up to 20 seconds.
    const client = postgres(urlOf(port), { onnotice: () => undefined, backoff: () => 0.2 })
    return { createStore: (table) => postgresStore({ client, table }), end: () => client.end({ timeout: 1 }) }
  },
})

testSqlFaults('postgres, a url', {
  server,
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

testWaiting(
  'postgres, calls that wait for another transaction',
  (table) => postgresStore({ client: admin, table }),
  async (table, id) => {
    const holder = await admin.connect()
    await holder.query('BEGIN')
    await holder.query(`SELECT id FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
    return {
      async finish(set) {
        await holder.query(`UPDATE ${table} SET ${set} WHERE id = $1`, [id])
        await holder.query('COMMIT')
        holder.release()
      },
    }
  },
)

describe('another isolation level', () => {
  test.each(['serializable', 'repeatable read'])(
    '%s: 50 writers of one session all succeed, and it ends once',
    async (level) => {
      const options = `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`
      const client = openPool({ connectionString: server.url, options, max: 20 })
      const store = postgresStore({ client, table: newTable() })
      await store.setup()
      const record = aRecord()
      await store.create(record)
      await Promise.all(Array.from({ length: 50 }, (_, n) => store.write(record.id, { set: { [`k${n}`]: `${n}` } })))
      const data = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, `${n}`]))
      expect(await store.read(record.id)).toEqual({ ...record, data })
      const ends = await Promise.all(Array.from({ length: 20 }, () => store.end(record.id, aTombstone(record))))
      expect(ends.filter((found) => found !== null)).toEqual([{ ...record, data }])
      await client.end()
    },
    30_000,
  )
})

/** A pool on which the first so many statements fail as the server would have them fail. */
function failing(code: string, times: number): PgClient & { readonly calls: number } {
  let calls = 0
  return {
    get calls() {
      return calls
    },
    async query(config) {
      if (calls++ < times) throw Object.assign(new Error('deadlock detected'), { code })
      return (admin as PgClient).query(config)
    },
  }
}

describe('deadlocks', () => {
  test('are tried again', async () => {
    const table = newTable()
    await postgresStore({ client: admin, table }).setup()
    for (const code of ['40P01', '40001']) {
      expect(await postgresStore({ client: failing(code, 5), table }).create(aRecord())).toBe(true)
    }
  })

  test('are given up at some time, as a typed error', async () => {
    const client = failing('40P01', Number.POSITIVE_INFINITY)
    const answer = postgresStore({ client }).create(aRecord())
    await expect(answer).rejects.toMatchObject({ code: 'ERR_STORE', cause: { message: '40P01 deadlock detected' } })
    expect(client.calls).toBe(100)
  }, 30_000)

  test('nothing else is tried again: a lost reply may have been a success', async () => {
    const client = failing('57P01', 1)
    await expect(postgresStore({ client }).create(aRecord())).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(client.calls).toBe(1)
  })
})

describe('the indexes', () => {
  test('serve every lookup among many rows', async () => {
    const table = newTable()
    await postgresStore({ client: admin, table }).setup()
    await admin.query(
      `INSERT INTO ${table} SELECT md5(n::text), 'user-' || n % 1000, 0, n, n, n, NULL, '{}', '{}' FROM generate_series(1, 20000) AS n`,
    )
    await admin.query(`ANALYZE ${table}`)
    const planOf = async (sql: string): Promise<string> => {
      const { rows } = await admin.query(`EXPLAIN ${sql}`)
      return rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n')
    }
    expect(await planOf(`SELECT * FROM ${table} WHERE id = 'x'`)).toContain(`Index Scan using ${table}_pkey`)
    expect(await planOf(`SELECT * FROM ${table} WHERE user_id = 'user-3'`)).toContain(`${table}_user_id`)
    const sweep = postgresDialect.sweep(table).replace(':now', '900').replace(':limit', '500')
    const plan = await planOf(sweep)
    expect(plan).toContain(`Index Scan using ${table}_expires_at`)
    expect(plan).not.toContain('Seq Scan')
  })
})

describe('locks', () => {
  test('a sweep waits for no row that somebody holds, and takes it the next time', async () => {
    const table = newTable()
    const store = postgresStore({ client: admin, table })
    await store.setup()
    const records = Array.from({ length: 21 }, () => aRecord())
    await Promise.all(records.map((record) => store.create(record)))
    const [held = aRecord()] = records
    const holder = await admin.connect()
    await holder.query('BEGIN')
    await holder.query(`SELECT id FROM ${table} WHERE id = $1 FOR UPDATE`, [held.id])
    expect(await store.sweep(held.expiresAt, 100)).toBe(20)
    await holder.query('ROLLBACK')
    holder.release()
    expect(await store.sweep(held.expiresAt, 100)).toBe(1)
  })
})

describe('a url without pg installed', () => {
  test('is opened by postgres.js', async () => {
    const driver = await openPostgresJs(server.url, true)
    if (driver === null) throw new Error('postgres is installed')
    const store = sqlStore({ dialect: postgresDialect, driver, table: newTable() })
    await store.setup()
    const record = aRecord({ data: { a: '1' } })
    expect(await store.create(record)).toBe(true)
    expect(await store.end(record.id, aTombstone(record))).toEqual(record)
    await store.close()
  })
})

describe('a table of another shape', () => {
  const shapes: Record<string, string> = {
    'without a column': 'DROP COLUMN ended_at',
    'without a primary key': 'DROP CONSTRAINT %_pkey',
    'with data as text': 'ALTER COLUMN data TYPE text',
  }

  test.each(Object.entries(shapes))('%s is refused by setup', async (_, alteration) => {
    const table = newTable()
    const store = postgresStore({ client: admin, table })
    await store.setup()
    await admin.query(`ALTER TABLE ${table} ${alteration.replace('%', table)}`)
    const says = { code: 'ERR_STORE', message: expect.stringContaining('sojourn/schema/postgres.sql') }
    await expect(store.setup()).rejects.toMatchObject(says)
  })
})

describe('an account that may not create tables', () => {
  test('setup accepts a table that somebody else created, and says why it cannot create one', async () => {
    const table = newTable()
    await postgresStore({ client: admin, table }).setup()
    await admin.query(`CREATE ROLE app_${table} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
    await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO app_${table}`)
    const client = openPool({ connectionString: server.url.replace('postgres@', `app_${table}@`) })
    const sessions = createSessions({ store: postgresStore({ client, table }) })
    await sessions.setup()
    await sessions.setup()
    const missing = postgresStore({ client, table: newTable() })
    const why = expect.stringContaining('42501 permission denied')
    await expect(missing.setup()).rejects.toMatchObject({ code: 'ERR_STORE', cause: { message: why } })
    await admin.query(`ALTER TABLE ${table} DROP COLUMN ended_at`)
    await expect(sessions.setup()).rejects.toMatchObject({ code: 'ERR_STORE' })
    await client.end()
  })
})

describe('ten servers that start at once', () => {
  test('all of them find the table', async () => {
    const table = newTable()
    const pools = Array.from({ length: 10 }, () => openPool({ connectionString: server.url, max: 1 }))
    await Promise.all(pools.map((client) => postgresStore({ client, table }).setup()))
    await Promise.all(pools.map((client) => client.end()))
  })
})

describe('an error of the server that quotes the row', () => {
  test('does not get into a log', async () => {
    const table = newTable()
    const store = postgresStore({ client: admin, table })
    await store.setup()
    await admin.query(`ALTER TABLE ${table} ADD CHECK (user_id <> 'eve')`)
    const error: unknown = await Promise.resolve(
      store.create(aRecord({ userId: 'eve', data: { a: 'private' } })),
    ).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: '23514' } })
    expect(JSON.stringify((error as Error).cause)).toBe('{"name":"DriverError"}')
  })
})
