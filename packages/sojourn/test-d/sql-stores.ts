import type { PGlite } from '@electric-sql/pglite'
import type mysql from 'mysql2'
import type mysqlPromise from 'mysql2/promise'
import type pg from 'pg'
import type postgres from 'postgres'
import { mysqlStore } from 'sojourn/stores/mysql'
import { postgresStore } from 'sojourn/stores/postgres'

/** Real clients fit, as their own types say. */
export function clients(
  pool: pg.Pool,
  client: pg.Client,
  sql: postgres.Sql,
  lite: PGlite,
  promises: mysqlPromise.Pool,
  callbacks: mysql.Pool,
  connection: mysqlPromise.Connection,
): void {
  postgresStore({ client: pool })
  postgresStore({ client })
  postgresStore({ client: sql, table: 'sessions', schema: 'web', prepare: false })
  postgresStore({ client: lite })
  mysqlStore({ client: promises })
  mysqlStore({ client: callbacks, table: 'sessions' })
  // @ts-expect-error a transaction needs a connection of its own
  mysqlStore({ client: connection })
  // @ts-expect-error no client of PostgreSQL
  postgresStore({ client: {} })
}
