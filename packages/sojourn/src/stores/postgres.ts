import { assertSet, checkOptions } from '../core/contracts/check-options.ts'
import type { PostgresClient } from './postgres/clients.ts'
import { postgresDialect } from './postgres/dialect.ts'
import { driverOf } from './postgres/driver-of.ts'
import { type SqlStore, sqlStore } from './sql/sql-store.ts'

export type { PGliteClient, PgClient, PostgresClient, PostgresJsClient } from './postgres/clients.ts'
export type { SqlStore } from './sql/sql-store.ts'

export interface PostgresStoreOptions {
  /**
   * `postgres://user:password@host/database`. Opens a pool of up to 10 connections, with `pg` if it is installed, otherwise with
   * `postgres`.
   */
  readonly url?: string
  /**
   * The application's own client: a Pool or Client of `pg`, the `sql` of `postgres`, or a PGlite. It stays open when the store
   * closes.
   */
  readonly client?: PostgresClient
  /** Default `sojourn_sessions`. */
  readonly table?: string
  /** The schema of the table. Default: the first schema of the connection's `search_path`. */
  readonly schema?: string
  /**
   * Whether statements are prepared by name. Default `true`. Use `false` with a pooler in transaction mode that does not support
   * prepared statements.
   */
  readonly prepare?: boolean
}

/**
 * Sessions in PostgreSQL 12 or later, shared by any number of processes and machines.
 *
 * Each method is one statement, so neither the isolation level nor a pooler matters. `setup` or your own migration creates the
 * table. Needs the package `pg`, `postgres` or `@electric-sql/pglite`.
 */
export function postgresStore(options: PostgresStoreOptions): SqlStore {
  checkOptions(options, { url: 'any', client: 'any', table: 'any', schema: 'any', prepare: 'any' }, 'postgresStore')
  assertSet(options, ['table', 'schema'], 'postgresStore')
  const { table, schema } = options
  return sqlStore({ dialect: postgresDialect, driver: driverOf(options, 'postgresStore'), table, schema })
}
