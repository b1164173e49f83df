import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { createPool } from 'mysql2/promise'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { createSessions } from '../../src/index.ts'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { postgresDialect } from '../../src/stores/postgres/dialect.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/sql-store.ts'
import { toStoreError } from '../../src/stores/sql/store-error.ts'
import { sqliteDialect } from '../../src/stores/sqlite/dialect.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { createClient, createClock, MINUTE } from '../core/kit.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { type MariadbServer, startMariadb } from '../support/servers/mariadb.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { aRecord, aTombstone } from './records.ts'
import { newTable } from './sql-contract.ts'

const TOO_LARGE = { code: 'ERR_DATA_TOO_LARGE', status: 413, headers: {} }
const FULL = { code: 'ERR_STORE_FULL', status: 503 }
const CLOSED = { code: 'ERR_STORE', status: 503 }

/** The answer, or the error. */
async function settled(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

/** Sessions of one user, until the database takes no more. */
async function fill(store: SqlStore, sizeBytes: number): Promise<{ kept: SessionRecord[]; error: unknown }> {
  const kept: SessionRecord[] = []
  for (let n = 0; n < 5000; n++) {
    const record = aRecord({ userId: 'ada', data: { filler: 'x'.repeat(sizeBytes) } })
    const answer = await settled(() => store.create(record))
    if (answer !== true) return { kept, error: answer }
    kept.push(record)
  }
  throw new Error('It never became full.')
}

/** The behavior while the database is full: sessions are read, and end, and then there is room again. */
async function endAll(store: SqlStore, kept: readonly SessionRecord[]): Promise<void> {
  expect(await store.read((kept[0] as SessionRecord).id)).toEqual(kept[0])
  for (const record of kept) expect(await store.end(record.id, aTombstone(record))).toEqual(record)
  expect(await store.list('ada')).toEqual([])
}

describe('SQLite', () => {
  const folder = quickFolder('limits')

  async function open(pragma: string): Promise<SqlStore> {
    const client = new Database(join(mkdtempSync(join(folder, 'case-')), 'sessions.db'))
    client.exec('PRAGMA journal_mode = WAL')
    const store = sqliteStore({ client: client as never })
    await store.setup()
    client.exec(`PRAGMA ${pragma}`)
    return store
  }

  test('that is full is ERR_STORE_FULL, and sessions can be ended', async () => {
    const store = await open('max_page_count = 200')
    const { kept, error } = await fill(store, 1000)
    expect(error).toMatchObject(FULL)
    expect(kept.length).toBeGreaterThan(50)
    await endAll(store, kept)
    expect(await store.create(aRecord())).toBe(true)
  })

  test('that may not be written refuses to end sessions, says why, and reads on', async () => {
    const record = aRecord()
    const client = new Database(':memory:')
    const over = sqliteStore({ client: client as never })
    await over.setup()
    await over.create(record)
    client.exec('PRAGMA query_only = ON')
    const says = { ...CLOSED, cause: { message: expect.stringMatching(/readonly/) } }
    expect(await settled(() => over.end(record.id, aTombstone(record)))).toMatchObject(says)
    expect(await over.read(record.id)).toEqual(record)
  })

  test('says of a text that it is too large', async () => {
    const error = await settled(() => new Database(':memory:').prepare('SELECT zeroblob(2000000000)').all())
    expect(toStoreError(sqliteDialect, 'write', error)).toMatchObject(TOO_LARGE)
  })
})

describe('MariaDB', () => {
  let server: MariadbServer
  let admin: ReturnType<typeof createPool>
  beforeAll(async () => {
    server = await startMariadb([
      '--max-allowed-packet=1M',
      '--innodb-file-per-table=0',
      '--innodb-data-file-path=ibdata1:12M:autoextend:max:24M',
    ])
    admin = createPool({ uri: server.url })
  }, 60_000)
  afterAll(async () => {
    await admin.end()
    await server.stop()
  })

  test('accepts no packet beyond max_allowed_packet: ERR_DATA_TOO_LARGE, and others keep working', async () => {
    const store = mysqlStore({ client: admin, table: newTable() })
    await store.setup()
    const record = aRecord({ data: { a: '1' } })
    await store.create(record)
    const set = { big: 'x'.repeat(2_000_000) }
    expect(await settled(() => store.write(record.id, { set }))).toMatchObject(TOO_LARGE)
    for (let tries = 0; tries < 6; tries++) {
      // The server closes the connection, often before its reason is read.
      expect(await settled(() => store.create(aRecord({ data: set })))).toMatchObject(TOO_LARGE)
      expect(await store.read(record.id)).toEqual(record)
    }
  })

  test('nor data that grows beyond it, key by key: what is there stays', async () => {
    const store = mysqlStore({ client: admin, table: newTable() })
    await store.setup()
    const record = aRecord({ data: { a: 'x'.repeat(700_000) } })
    await store.create(record)
    const grown = await settled(() => store.write(record.id, { set: { b: 'y'.repeat(700_000) } }))
    expect(grown).toMatchObject(TOO_LARGE)
    expect(await store.read(record.id)).toEqual(record)
    expect(await store.write(record.id, { set: { b: '1' } })).toEqual({ status: 'written' })
  })

  test('with a sql_mode that is not strict, neither', async () => {
    const client = createPool({ uri: server.url, connectionLimit: 1 })
    client.on('connection', (connection) => void connection.query("SET SESSION sql_mode = ''"))
    const store = mysqlStore({ client, table: newTable() })
    await store.setup()
    const record = aRecord({ data: { a: 'x'.repeat(700_000) } })
    await store.create(record)
    const grown = await settled(() => store.write(record.id, { set: { b: 'y'.repeat(700_000) } }))
    expect(grown).toMatchObject(TOO_LARGE)
    expect(await store.read(record.id)).toEqual(record)
    await client.end()
  })

  test('that is read-only refuses to end sessions, says why, and reads on', async () => {
    const table = newTable()
    const writable = mysqlStore({ client: admin, table })
    await writable.setup()
    const record = aRecord()
    await writable.create(record)
    await admin.query("CREATE USER shop@'127.0.0.1'")
    await admin.query("GRANT ALL ON sojourn.* TO shop@'127.0.0.1'")
    const client = createPool({ uri: server.url.replace('root@', 'shop@') })
    await admin.query('SET GLOBAL read_only = 1')
    const store = mysqlStore({ client, table })
    const says = { ...CLOSED, cause: { message: expect.stringMatching(/1290 .*--read-only/) } }
    expect(await settled(() => store.end(record.id, aTombstone(record)))).toMatchObject(says)
    expect(await store.read(record.id)).toEqual(record)
    await admin.query('SET GLOBAL read_only = 0')
    expect(await store.end(record.id, aTombstone(record))).toEqual(record)
    await client.end()
  })

  test('that is full to the last page is ERR_STORE_FULL, when sessions end too, and reads on', async () => {
    const store = mysqlStore({ client: admin, table: newTable() })
    await store.setup()
    const { kept, error } = await fill(store, 50_000)
    expect(error).toMatchObject(FULL)
    const [first = aRecord()] = kept
    const ended = await settled(() => store.end(first.id, aTombstone(first)))
    if (ended instanceof Error) expect(ended).toMatchObject(FULL)
    else expect(ended).toEqual(first)
    expect(await store.read(first.id)).toEqual(ended instanceof Error ? first : aTombstone(first))
  }, 60_000)
})

describe('PostgreSQL', () => {
  let server: PostgresServer
  let admin: pg.Pool
  beforeAll(async () => {
    server = await startPostgres()
    admin = openPool({ connectionString: server.url })
  }, 60_000)
  afterAll(async () => {
    await admin.end()
    await server.stop()
  })

  test('that is read-only refuses to end sessions, says why, and reads on', async () => {
    const table = newTable()
    const writable = postgresStore({ client: admin, table })
    await writable.setup()
    const record = aRecord()
    await writable.create(record)
    const client = openPool({ connectionString: server.url, options: '-c default_transaction_read_only=on' })
    const store = postgresStore({ client, table })
    const says = { ...CLOSED, cause: { message: '25006 cannot execute UPDATE in a read-only transaction' } }
    expect(await settled(() => store.end(record.id, aTombstone(record)))).toMatchObject(says)
    expect(await store.read(record.id)).toEqual(record)
    await client.end()
  })

  test('that becomes read-only still serves requests that only read, even if a renewal is due', async () => {
    const table = newTable()
    const writable = postgresStore({ client: admin, table })
    await writable.setup()
    const timeouts = { renew: '10m', grace: '1m' } as const
    const clock = createClock()
    const visitor = createClient(createSessions({ store: writable, clock }))
    await visitor.send((session) => session.login('ada'))
    const client = openPool({ connectionString: server.url, options: '-c default_transaction_read_only=on' })
    const readOnly = createClient(createSessions({ store: postgresStore({ client, table }), clock, timeouts }))
    for (const [name, value] of visitor.jar) readOnly.jar.set(name, value)
    for (let visit = 0; visit < 2; visit++) {
      clock.advance(10 * MINUTE)
      expect((await readOnly.send((session) => session.userId)).value).toBe('ada')
    }
    await expect(readOnly.send((session) => session.logout())).rejects.toMatchObject({ code: 'ERR_STORE' })
    await client.end()
  })

  test('says of a text, and of data, that it is too large', async () => {
    const asked = [
      `SELECT repeat('x', 2000000000)`,
      `SELECT jsonb_object_agg(n, repeat('x', 5000000)) FROM generate_series(1, 60) n`,
    ]
    for (const sql of asked) {
      const error = await settled(() => admin.query(sql))
      expect(toStoreError(postgresDialect, 'write', error)).toMatchObject(TOO_LARGE)
    }
  }, 60_000)
})
