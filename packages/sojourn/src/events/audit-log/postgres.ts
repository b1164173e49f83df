/**
 * Keeps an audit log in a table of PostgreSQL.
 * @module sojourn/audit-log/postgres
 */
import { assertSet, checkOptions } from '../../core/contracts/check-options.ts'
import type { PostgresClient } from '../../stores/postgres/clients.ts'
import { postgresDialect } from '../../stores/postgres/dialect.ts'
import { driverOf } from '../../stores/postgres/driver-of.ts'
import { type SqlSink, sqlSink } from './sql-sink.ts'

export type { SqlSink } from './sql-sink.ts'

export interface PostgresSinkOptions {
  /** `postgres://user:password@host/database`. Opens a pool of its own. */
  readonly url?: string
  /** The application's own client, as in `postgresStore`. It stays open when the log closes. */
  readonly client?: PostgresClient
  /** Default `sojourn_audit_log`. */
  readonly table?: string
  /** The schema of the table. Default: the first schema of the connection's `search_path`. */
  readonly schema?: string
  /** As in `postgresStore`. Default `true`. */
  readonly prepare?: boolean
}

/**
 * A table in PostgreSQL, which any number of processes write to: together they write one chain.
 *
 * ```ts
 * const sink = postgresSink({ client: pool })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function postgresSink(options: PostgresSinkOptions): SqlSink {
  checkOptions(options, { url: 'any', client: 'any', table: 'any', schema: 'any', prepare: 'any' }, 'postgresSink')
  assertSet(options, ['table', 'schema'], 'postgresSink')
  return sqlSink({
    dialect: postgresDialect,
    driver: driverOf(options, 'postgresSink'),
    table: options.table,
    schemaName: options.schema,
    schema: (table, index) => [
      `CREATE TABLE IF NOT EXISTS ${table} (
  seq bigint PRIMARY KEY,
  at bigint NOT NULL,
  line text COLLATE "C" NOT NULL
)`,
      `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (at)`,
    ],
  })
}
