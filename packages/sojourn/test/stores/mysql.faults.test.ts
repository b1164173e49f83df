import { createPool as createCallbackPool } from 'mysql2'
import { createPool } from 'mysql2/promise'
import { afterAll, describe, expect, test } from 'vitest'
import { type MysqlPromisePool, mysqlStore } from '../../src/stores/mysql.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { aRecord, aTombstone } from './records.ts'
import { newTable } from './sql-contract.ts'
import { testSqlFaults, testWaiting } from './sql-faults.ts'

// Acknowledged is what has reached the operating system: the server is killed here.
const server = await startMariadb(['--innodb-flush-log-at-trx-commit=2'])
const admin = createPool({ uri: server.url })
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const urlOf = (port: number): string => server.url.replace(`${server.port}`, `${port}`)

testSqlFaults('mysql, a pool with promises', {
  server,
  connect(port) {
    const client = createPool({ uri: urlOf(port) })
    return { createStore: (table) => mysqlStore({ client, table }), end: () => client.end() }
  },
})

testSqlFaults('mysql, a pool with callbacks', {
  server,
  connect(port) {
    const client = createCallbackPool({ uri: urlOf(port) })
    return { createStore: (table) => mysqlStore({ client, table }), end: () => client.promise().end() }
  },
})

testSqlFaults('mysql, a url', {
  server,
  connect(port) {
    const stores: { close(): unknown }[] = []
    return {
      createStore(table) {
        const store = mysqlStore({ url: urlOf(port), table })
        stores.push(store)
        return store
      },
      end: () => Promise.all(stores.map((store) => store.close())),
    }
  },
})

testWaiting(
  'mysql, calls that wait for another transaction',
  (table) => mysqlStore({ client: admin, table }),
  async (table, id) => {
    const holder = await admin.getConnection()
    await holder.beginTransaction()
    await holder.execute(`SELECT id FROM ${table} WHERE id = ? FOR UPDATE`, [id])
    return {
      async finish(set) {
        await holder.execute(`UPDATE ${table} SET ${set} WHERE id = ?`, [id])
        await holder.commit()
        holder.release()
      },
    }
  },
)

describe('another isolation level', () => {
  test.each(['SERIALIZABLE', 'READ-UNCOMMITTED'])(
    '%s: 50 writers of one session all succeed, and it ends once',
    async (level) => {
      const client = createPool({ uri: server.url, connectionLimit: 20 })
      client.on('connection', (connection) => void connection.query(`SET SESSION tx_isolation = '${level}'`))
      const store = mysqlStore({ client, table: newTable() })
      await store.setup()
      const record = aRecord({ userId: 'ada' })
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

describe('the indexes', () => {
  async function planOf(sql: string, values: (string | number)[]): Promise<string> {
    const [rows] = await admin.execute(`EXPLAIN ${sql}`, values)
    const [{ type, key }] = rows as [{ type: string; key: string }]
    return `${type} ${key}`
  }

  test('serve every lookup, whatever the character set of the connection', async () => {
    const table = newTable()
    const store = mysqlStore({ client: admin, table })
    await store.setup()
    const records = Array.from({ length: 300 }, (_, n) => aRecord({ userId: `user-${n % 100}` }))
    await Promise.all(
      records.map((record) => store.create({ ...record, expiresAt: record.expiresAt + Math.random() * 1e6 })),
    )
    await admin.query(`ANALYZE TABLE ${table}`)
    expect(await planOf(`SELECT * FROM ${table} WHERE id = ?`, [records[0]?.id ?? ''])).toBe('const PRIMARY')
    expect(await planOf(`SELECT * FROM ${table} WHERE user_id = ?`, ['user-1'])).toBe(`ref ${table}_user_id`)
    const due = `SELECT id FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED`
    expect(await planOf(due, [0])).toBe(`range ${table}_expires_at`)
  })
})

/** A row as the application's own transaction holds it. */
async function holding(table: string, id: string): Promise<() => Promise<void>> {
  const connection = await admin.getConnection()
  await connection.beginTransaction()
  await connection.execute(`SELECT id FROM ${table} WHERE id = ? FOR UPDATE`, [id])
  return async () => {
    await connection.rollback()
    connection.release()
  }
}

describe('locks', () => {
  test('a sweep waits for no row that somebody holds, and takes it the next time', async () => {
    const table = newTable()
    const store = mysqlStore({ client: admin, table })
    await store.setup()
    const records = Array.from({ length: 21 }, () => aRecord())
    await Promise.all(records.map((record) => store.create(record)))
    const [held = aRecord()] = records
    const release = await holding(table, held.id)
    expect(await store.sweep(held.expiresAt, 100)).toBe(20)
    await release()
    expect(await store.sweep(held.expiresAt, 100)).toBe(1)
  })

  test('a deadlock is tried again, in the middle of an end too', async () => {
    const table = newTable()
    await mysqlStore({ client: admin, table }).setup()
    const record = aRecord()
    let calls = 0
    const execute: MysqlPromisePool['execute'] = async (options, values) => {
      if (calls++ % 2 === 0) throw Object.assign(new Error('Deadlock found'), { errno: 1213, sqlState: '40001' })
      return admin.execute(options, values)
    }
    const client = {
      execute,
      async getConnection() {
        const connection = await admin.getConnection()
        const run = connection.execute.bind(connection)
        return Object.assign(connection, {
          execute: async (...given: Parameters<typeof run>) => {
            // The select passes, the update is chosen as the victim.
            if (++calls % 3 === 0) throw Object.assign(new Error('Deadlock found'), { errno: 1213, sqlState: '40001' })
            return run(...given)
          },
        })
      },
    } as unknown as MysqlPromisePool
    const store = mysqlStore({ client, table })
    expect(await store.create(record)).toBe(true)
    expect(await store.end(record.id, aTombstone(record))).toEqual(record)
    expect(await store.read(record.id)).toEqual(aTombstone(record))
  })
})

describe('misuse', () => {
  test('autocommit off is refused, for nothing would be stored', async () => {
    const table = newTable()
    await mysqlStore({ client: admin, table }).setup()
    const client = createPool({ uri: server.url })
    client.on('connection', (connection) => void connection.query('SET autocommit = 0'))
    await expect(mysqlStore({ client, table }).create(aRecord())).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await client.end()
  })

  test('a table without its primary key, or without a column, is refused by setup', async () => {
    for (const alteration of ['DROP PRIMARY KEY', 'DROP COLUMN ended_at']) {
      const table = newTable()
      const store = mysqlStore({ client: admin, table })
      await store.setup()
      await admin.query(`ALTER TABLE ${table} ${alteration}`)
      const says = { code: 'ERR_STORE', message: expect.stringContaining('sojourn/schema/mysql.sql') }
      await expect(store.setup()).rejects.toMatchObject(says)
    }
  })
})

describe('an account that may not create tables', () => {
  test('setup accepts a table that somebody else created, and says why it cannot create one', async () => {
    const table = newTable()
    await mysqlStore({ client: admin, table }).setup()
    await admin.query(`CREATE USER app_${table}@'%'`)
    await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO app_${table}@'%'`)
    const client = createPool({ uri: server.url.replace('root@', `app_${table}@`) })
    const store = mysqlStore({ client, table })
    await store.setup()
    await store.setup()
    const missing = mysqlStore({ client, table: newTable() })
    const why = expect.stringContaining('1142 CREATE command denied')
    await expect(missing.setup()).rejects.toMatchObject({ code: 'ERR_STORE', cause: { message: why } })
    await admin.query(`ALTER TABLE ${table} DROP COLUMN ended_at`)
    await expect(store.setup()).rejects.toMatchObject({ code: 'ERR_STORE' })
    await client.end()
  })
})

describe('ten servers that start at once', () => {
  test('all of them find the table', async () => {
    const table = newTable()
    const pools = Array.from({ length: 10 }, () => createPool({ uri: server.url, connectionLimit: 1 }))
    await Promise.all(pools.map((client) => mysqlStore({ client, table }).setup()))
    await Promise.all(pools.map((client) => client.end()))
  })
})

describe('an error of the server that quotes the row', () => {
  test('does not get into a log, and is no "taken"', async () => {
    const table = newTable()
    const store = mysqlStore({ client: admin, table })
    await store.setup()
    await admin.query(`ALTER TABLE ${table} ADD UNIQUE one_each (user_id)`)
    await store.create(aRecord({ userId: 'eve-the-private' }))
    const error: unknown = await Promise.resolve(store.create(aRecord({ userId: 'eve-the-private' }))).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: 'ER_DUP_ENTRY 1062' } })
    expect(JSON.stringify((error as Error).cause)).toBe('{"name":"DriverError"}')
  })
})
