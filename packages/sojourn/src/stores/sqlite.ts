import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Driver } from './sql/driver.ts'
import { type SqlStore, sqlStore } from './sql/sql-store.ts'
import { assertIdentifier, createStatements, DEFAULT_TABLE } from './sql/statements.ts'
import { type D1Client, d1, type LibsqlClient, libsql } from './sqlite/asynchronous.ts'
import { sqliteDialect } from './sqlite/dialect.ts'
import { opening } from './sqlite/open.ts'
import { type SynchronousClient, synchronous } from './sqlite/synchronous.ts'

export type { SqlStore } from './sql/sql-store.ts'
export type { D1Client, LibsqlClient } from './sqlite/asynchronous.ts'
export type { BetterSqliteClient, BunSqliteClient, NodeSqliteClient } from './sqlite/synchronous.ts'

export type SqliteClient = SynchronousClient | LibsqlClient | D1Client

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
  const { table } = options
  const store = sqlStore({ dialect: sqliteDialect, driver: driverOf(options), table })

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

function driverOf({ path, client, table = DEFAULT_TABLE }: SqliteStoreOptions): Driver {
  if (typeof path === 'string' && path !== '' && client === undefined) {
    assertIdentifier(table, 'sqliteStore: table')
    return opening(
      path,
      createStatements(sqliteDialect, table).setup.map((statement) => statement({ id: '' })),
    )
  }
  const driver = path === undefined ? toDriver(client) : null
  if (driver !== null) return { ...driver, close: () => undefined }
  throw new SessionError(
    'ERR_OPTION',
    'sqliteStore: pass path, or as client a database of node:sqlite, better-sqlite3, bun:sqlite or libsql, or a D1 binding.',
  )
}

/** Runs statements on a client of any of these kinds. `null` if it is none of them. */
function toDriver(client: unknown): Omit<Driver, 'close'> | null {
  if (typeof client !== 'object' || client === null) return null
  const has = (...names: string[]): boolean =>
    names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  if (has('execute', 'batch')) return libsql(client as LibsqlClient)
  // A D1 session may read from a replica that is a moment behind, where a logout is not visible yet.
  if (has('getBookmark'))
    throw new SessionError('ERR_OPTION', 'sqliteStore: pass the D1 binding itself, not a session of it.')
  if (has('prepare', 'batch')) return d1(client as D1Client)
  return has('prepare', 'exec') ? synchronous(client as SynchronousClient) : null
}
