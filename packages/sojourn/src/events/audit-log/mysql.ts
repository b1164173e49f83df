/**
 * Keeps an audit log in a table of MariaDB or MySQL.
 * @module sojourn/audit-log/mysql
 */
import { assertSet, checkOptions } from '../../core/contracts/check-options.ts'
import { mysqlDialect } from '../../stores/mysql/dialect.ts'
import { driverOf } from '../../stores/mysql/driver-of.ts'
import type { MysqlCallbackPool, MysqlPromisePool } from '../../stores/mysql/pool.ts'
import { type SqlSink, sqlSink } from './sql-sink.ts'

export type { SqlSink } from './sql-sink.ts'

export interface MysqlSinkOptions {
  /** `mysql://user:password@host/database`. Opens a pool of its own. */
  readonly url?: string
  /** The application's own pool, of `mysql2` or `mysql2/promise`. It stays open when the log closes. */
  readonly client?: MysqlPromisePool | MysqlCallbackPool
  /** Default `sojourn_audit_log`. */
  readonly table?: string
}

/**
 * A table in MariaDB or MySQL, which any number of processes write to: together they write one chain.
 *
 * ```ts
 * const sink = mysqlSink({ client: pool })
 * ```
 *
 * @throws `ERR_OPTION`
 */
export function mysqlSink(options: MysqlSinkOptions): SqlSink {
  checkOptions(options, { url: 'any', client: 'any', table: 'any' }, 'mysqlSink')
  assertSet(options, ['table'], 'mysqlSink')
  return sqlSink({
    dialect: mysqlDialect,
    driver: driverOf(options, 'mysqlSink'),
    table: options.table,
    schema: (table, index) => [
      `CREATE TABLE IF NOT EXISTS ${table} (
  seq BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  line MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  INDEX ${index} (at)
) ENGINE = InnoDB`,
    ],
  })
}
