import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { mysqlDialect } from './mysql/dialect.ts'
import { type MysqlCallbackPool, type MysqlPromisePool, toDriver, toPool } from './mysql/pool.ts'
import type { Driver } from './sql/driver.ts'
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
  const { url, client, table } = options
  return sqlStore({ dialect: mysqlDialect, driver: driverOf(url, client), table })
}

function driverOf(url: string | undefined, client: unknown): Driver {
  if (isUrl(url) && client === undefined) return connecting(url)
  const pool = url === undefined ? toPool(client) : null
  if (pool !== null) return { ...toDriver(pool), close: () => undefined }
  throw new SessionError('ERR_OPTION', 'mysqlStore: pass url, or a pool of mysql2 or mysql2/promise as client.')
}

/** A driver that opens a pool with the first statement. */
function connecting(url: string): Driver {
  let opening: Promise<Driver> | undefined

  function opened(): Promise<Driver> {
    opening ??= open(url)
    return opening
  }

  return {
    run: async (statement, values) => (await opened()).run(statement, values),
    batch: async (calls) => (await opened()).batch?.(calls) ?? [],
    // A pool that could not be opened needs no closing.
    close: async () => (await opening?.catch(() => undefined))?.close(),
  }
}

async function open(uri: string): Promise<Driver> {
  const { createPool } = await importMysql2()
  const pool = createPool({ uri, connectionLimit: 10, connectTimeout: 5000, enableKeepAlive: true })
  return { ...toDriver(pool), close: () => pool.end() }
}

/** Inside `try`: bundlers tolerate a missing package only there. */
async function importMysql2(): Promise<typeof import('mysql2/promise')> {
  try {
    return await import('mysql2/promise')
  } catch (error) {
    throw new SessionError('ERR_OPTION', 'mysqlStore: a url needs the package mysql2. Run: npm install mysql2', error)
  }
}

function isUrl(url: unknown): url is string {
  return typeof url === 'string' && /^(mysql|mariadb):\/\//.test(url)
}
