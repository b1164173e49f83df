import { SessionError } from '../core/contracts/errors.ts'
import { type PostgresClient, toDriver } from './postgres/clients.ts'
import { connecting } from './postgres/connect.ts'
import { postgresDialect } from './postgres/dialect.ts'
import type { Driver } from './sql/driver.ts'
import { type SqlStore, sqlStore } from './sql/sql-store.ts'

export type { PGliteClient, PgClient, PostgresClient, PostgresJsClient } from './postgres/clients.ts'
export type { SqlStore } from './sql/sql-store.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host/database`. Opens a pool of up to 10 connections, by `pg` where it is installed, else by `postgres`. */
  readonly url?: string
  /** What the application has: a Pool or Client of `pg`, the `sql` of `postgres`, or a PGlite. It stays open when the store closes. */
  readonly client?: PostgresClient
  /** Default `sojourn_sessions`. */
  readonly table?: string
  /** Where the table is. Default: where the connection's `search_path` leads. */
  readonly schema?: string
  /** Whether statements are prepared by name. Default `true`; `false` for a pooler that gives out connections by transaction and knows no prepared statements. */
  readonly prepare?: boolean
}

/**
 * Sessions in PostgreSQL 12 or later, shared by any number of processes and machines.
 *
 * Each verb is one statement, so neither the isolation level nor a pooler matters. The table comes from `setup` or from
 * your own migration. Needs the package `pg`, `postgres` or `@electric-sql/pglite`.
 */
export function postgresStore(options: PostgresStoreOptions): SqlStore {
  const { table, schema } = options
  return sqlStore({ dialect: postgresDialect, driver: driverOf(options), table, schema })
}

function driverOf({ url, client, prepare = true }: PostgresStoreOptions): Driver {
  if (isUrl(url) && client === undefined) return connecting(url, prepare)
  const driver = url === undefined ? toDriver(client, prepare) : null
  if (driver !== null) return { ...driver, close: () => undefined }
  throw new SessionError(
    'ERR_OPTION',
    'postgresStore: pass url, or as client a Pool or Client of pg, the sql of postgres, or a PGlite.',
  )
}

function isUrl(url: unknown): url is string {
  return typeof url === 'string' && /^postgres(ql)?:\/\//.test(url)
}
