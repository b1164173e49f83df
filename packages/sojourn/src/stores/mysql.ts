import { assertSet, checkOptions } from '../core/contracts/check-options.ts'
import { mysqlDialect } from './mysql/dialect.ts'
import { driverOf } from './mysql/driver-of.ts'
import type { MysqlCallbackPool, MysqlPromisePool } from './mysql/pool.ts'
import { type SqlStore, sqlStore } from './sql/sql-store.ts'

export type { MysqlCallbackPool, MysqlPromisePool } from './mysql/pool.ts'
export type { SqlStore } from './sql/sql-store.ts'

export interface MysqlStoreOptions {
  /** `mysql://user:password@host/database`. Opens a pool of up to 10 connections. */
  readonly url?: string
  /** The application's own pool, of `mysql2` or `mysql2/promise`. It stays open when the store closes. */
  readonly client?: MysqlPromisePool | MysqlCallbackPool
  /** Default `sojourn_sessions`. */
  readonly table?: string
}

/**
 * Sessions in MariaDB 10.6 or later, or MySQL 8.0 or later, shared by any number of processes and machines.
 *
 * Each method except `end` is one statement. `end` locks the row, reads it and replaces it in one short transaction. `setup` or
 * your own migration creates the table. Needs the package `mysql2`.
 */
export function mysqlStore(options: MysqlStoreOptions): SqlStore {
  checkOptions(options, { url: 'any', client: 'any', table: 'any' }, 'mysqlStore')
  assertSet(options, ['table'], 'mysqlStore')
  return sqlStore({ dialect: mysqlDialect, driver: driverOf(options, 'mysqlStore'), table: options.table })
}
