import { assertSet, checkOptions } from '../core/contracts/check-options.ts'
import { type SqlStore, sqlStore } from './sql/sql-store.ts'
import { assertIdentifier, createStatements, DEFAULT_TABLE } from './sql/statements.ts'
import { sqliteDialect } from './sqlite/dialect.ts'
import { driverOf, type SqliteClient } from './sqlite/driver-of.ts'

export type { SqlStore } from './sql/sql-store.ts'
export type { D1Client, LibsqlClient } from './sqlite/asynchronous.ts'
export type { SqliteClient } from './sqlite/driver-of.ts'
export type { BetterSqliteClient, BunSqliteClient, NodeSqliteClient } from './sqlite/synchronous.ts'

export interface SqliteStoreOptions {
  /**
   * A file on a local disk. If it does not exist, it is created with mode 0600, with its table. Opened with `node:sqlite`,
   * `bun:sqlite` or `better-sqlite3`.
   */
  readonly path?: string
  /**
   * The application's own client: a `DatabaseSync` of `node:sqlite`, a `Database` of `better-sqlite3`, `bun:sqlite` or `libsql`,
   * a client of `@libsql/client`, or a D1 binding. It stays open when the store closes.
   */
  readonly client?: SqliteClient
  /** Default `sojourn_sessions`. */
  readonly table?: string
}

/** Rows that a sweep deletes before it lets requests run: a millisecond or two. */
const SWEEP_ROWS = 100

/**
 * Sessions in SQLite: in a file that the processes of one machine share, in D1, or on a libSQL server.
 *
 * Synchronous if the database is. With `path`, a write is acknowledged once it is on disk. With `client`, that depends on the
 * client's settings.
 */
export function sqliteStore(options: SqliteStoreOptions): SqlStore {
  checkOptions(options, { path: 'any', client: 'any', table: 'any' }, 'sqliteStore')
  assertSet(options, ['table'], 'sqliteStore')
  const { table = DEFAULT_TABLE } = options
  assertIdentifier(table, 'sqliteStore: table')
  const setup = createStatements(sqliteDialect, table).setup.map((statement) => statement({ id: '' }))
  const store = sqlStore({ dialect: sqliteDialect, driver: driverOf(options, setup, 'sqliteStore'), table })

  async function sweep(now: number, limit: number): Promise<number> {
    let deleted = 0
    while (deleted < limit) {
      const wanted = Math.min(limit - deleted, SWEEP_ROWS)
      const swept = await store.sweep(now, wanted)
      deleted += swept
      if (swept < wanted) break
      await new Promise((resolve) => void setTimeout(resolve, 0))
    }
    return deleted
  }

  return { ...store, sweep }
}
