import { createPool as createCallbackPool } from 'mysql2'
import { createPool } from 'mysql2/promise'
import { afterAll } from 'vitest'
import { type MysqlPromisePool, mysqlStore } from '../../src/stores/mysql.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { newTable, testSqlStore } from './sql-contract.ts'
import { testRoundTrips } from './sql-round-trips.ts'

const server = await startMariadb()
const admin = createPool({ uri: server.url, connectionLimit: 1, jsonStrings: true })
afterAll(async () => {
  await admin.end()
  await server.stop()
})

const urlOf = (port: number): string => server.url.replace(`${server.port}`, `${port}`)

const world = {
  port: () => server.port,
  run: (sql: string): Promise<unknown> => admin.query(sql),
  async dump(table: string): Promise<string[]> {
    const [rows] = await admin.query(`SELECT * FROM \`${table}\``)
    return (rows as object[]).map((row) => Object.values(row).join('\n'))
  },
}

testSqlStore('mysql, a pool with promises', {
  ...world,
  connect(port) {
    const client = createPool({ uri: urlOf(port) })
    return { createStore: (table) => mysqlStore({ client, table }), end: () => client.end() }
  },
})

testSqlStore('mysql, a pool with callbacks, an old character set, and the settings of another century', {
  ...world,
  connect(port) {
    const client = createCallbackPool({
      uri: urlOf(port),
      charset: 'latin1',
      flags: ['-FOUND_ROWS'],
      supportBigNumbers: true,
      bigNumberStrings: true,
      rowsAsArray: false,
    })
    return { createStore: (table) => mysqlStore({ client, table }), end: () => client.promise().end() }
  },
})

testSqlStore('mysql, a url', {
  ...world,
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

testRoundTrips(
  'mysql',
  () => {
    const sent: string[] = []
    const pool: MysqlPromisePool = admin
    const counting: MysqlPromisePool['execute'] = (options, values) => {
      sent.push(options.sql)
      return pool.execute(options, values)
    }
    const client: MysqlPromisePool = {
      execute: counting,
      async getConnection() {
        const connection = await pool.getConnection()
        return {
          execute(options, values) {
            sent.push(options.sql)
            return connection.execute(options, values)
          },
          query(sql) {
            sent.push(sql)
            return connection.query(sql)
          },
          release: () => connection.release(),
          destroy: () => connection.destroy(),
        }
      },
    }
    return { store: mysqlStore({ client, table: newTable() }), sent }
  },
  4,
)
