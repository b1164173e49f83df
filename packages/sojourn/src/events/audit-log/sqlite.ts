/**
 * Keeps an audit log in a table of SQLite.
 * @module sojourn/audit-log/sqlite
 */
import { assertSet, checkOptions } from '../../core/contracts/check-options.ts'
import { sqliteDialect } from '../../stores/sqlite/dialect.ts'
import { driverOf, type SqliteClient } from '../../stores/sqlite/driver-of.ts'
import { type SqlSink, sqlSink } from './sql-sink.ts'

export type { SqlSink } from './sql-sink.ts'

export interface SqliteSinkOptions {
  /** A file on a local disk, opened as by `sqliteStore`. */
  readonly path?: string
  /** The application's own client, as in `sqliteStore`. It stays open when the log closes. */
  readonly client?: SqliteClient
  /** Default `sojourn_audit_log`. */
  readonly table?: string
}

/**
 * A table in SQLite, which all processes of a machine write to: together they write one chain.
 *
 * ```ts
 * const sink = sqliteSink({ path: './audit/sessions.sqlite' })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function sqliteSink(options: SqliteSinkOptions): SqlSink {
  checkOptions(options, { path: 'any', client: 'any', table: 'any' }, 'sqliteSink')
  assertSet(options, ['table'], 'sqliteSink')
  return sqlSink({
    dialect: sqliteDialect,
    driver: driverOf(options, [], 'sqliteSink'),
    table: options.table,
    schema: (table, index) => [
      `CREATE TABLE IF NOT EXISTS ${table} (
  seq INTEGER PRIMARY KEY NOT NULL,
  at INTEGER NOT NULL,
  line TEXT NOT NULL
) STRICT`,
      `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (at)`,
    ],
  })
}
