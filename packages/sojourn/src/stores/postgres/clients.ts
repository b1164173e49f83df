import type { Driver, Result, Row } from '../sql/driver.ts'

/** A Pool or a Client of `pg`, and everything with the same `query`. */
export interface PgClient {
  query(config: PgQuery): Promise<{ readonly rows: unknown[][]; readonly rowCount: number | null }>
}

interface PgQuery {
  readonly text: string
  readonly values: unknown[]
  readonly rowMode: 'array'
  readonly name?: string
  readonly types?: { getTypeParser(): (text: string) => unknown }
}

/** The `sql` of `postgres`. */
export interface PostgresJsClient {
  unsafe(
    text: string,
    values: (string | number | null)[],
    options: { readonly prepare: boolean },
  ): { values(): PromiseLike<unknown[][] & { readonly count: number | null }> }
}

/** Of `@electric-sql/pglite`. */
export interface PGliteClient {
  readonly waitReady: Promise<void>
  query(
    text: string,
    values: unknown[],
    options: { readonly rowMode: 'array' },
  ): Promise<{ readonly rows: unknown[]; readonly affectedRows?: number }>
}

export type PostgresClient = PgClient | PostgresJsClient | PGliteClient

/** Runs statements on a client of any of these kinds. `null` if it is none of them. */
export function toDriver(client: unknown, isPreparing: boolean): Omit<Driver, 'close'> | null {
  if (isObject(client) && 'unsafe' in client) return postgresJs(client as unknown as PostgresJsClient, isPreparing)
  if (!isObject(client) || typeof client.query !== 'function') return null
  return 'waitReady' in client
    ? pglite(client as unknown as PGliteClient)
    : pg(client as unknown as PgClient, isPreparing)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
}

/** Texts as the server sends them, because applications configure parsers, and in `pg` even for all clients of the process. */
const TEXTS = { getTypeParser: () => (text: string) => text }

function pg(client: PgClient, isPreparing: boolean): Omit<Driver, 'close'> {
  return {
    async run({ name, text }, values) {
      const query = isPreparing
        ? { name, text, values, rowMode: 'array' as const, types: TEXTS }
        : { text, values, rowMode: 'array' as const, types: TEXTS }
      const { rows, rowCount } = await client.query(query)
      return toResult(rows, rowCount)
    },
  }
}

function postgresJs(sql: PostgresJsClient, isPreparing: boolean): Omit<Driver, 'close'> {
  return {
    async run({ text }, values) {
      const rows = await sql.unsafe(text, values as (string | number | null)[], { prepare: isPreparing }).values()
      return toResult(rows, rows.count)
    },
  }
}

function pglite(db: PGliteClient): Omit<Driver, 'close'> {
  return {
    async run({ text }, values) {
      const { rows, affectedRows } = await db.query(text, values, { rowMode: 'array' })
      return toResult(rows as Row[], affectedRows)
    },
  }
}

function toResult(rows: readonly Row[], affected: number | null | undefined): Result {
  return { rows, affected: affected ?? 0 }
}
