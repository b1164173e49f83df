import type { Call, Result, Row, Statement, Value } from '../sql/driver.ts'

/** `DatabaseSync` of `node:sqlite`. */
export interface NodeSqliteClient {
  prepare(sql: string): { all(...values: Value[]): unknown[]; run(...values: Value[]): Changes }
  exec(sql: string): void
  close(): void
}

/** `Database` of `better-sqlite3`, and of `libsql`. */
export interface BetterSqliteClient {
  prepare(sql: string): BetterSqliteStatement
  exec(sql: string): unknown
  pragma(text: string): unknown
  close(): unknown
}

interface BetterSqliteStatement {
  raw(): unknown
  all(values: Value[]): unknown[]
  run(values: Value[]): Changes
}

/** `Database` of `bun:sqlite`. */
export interface BunSqliteClient {
  query(sql: string): { values(...values: Value[]): unknown[][]; run(...values: Value[]): Changes }
  exec(sql: string): unknown
  close(): unknown
}

export type SynchronousClient = NodeSqliteClient | BetterSqliteClient | BunSqliteClient

interface Changes {
  readonly changes: number | bigint
}

/** A prepared statement of any of these. */
interface Prepared {
  all(values: Value[]): readonly Row[]
  run(values: Value[]): Changes
}

/** A synchronous driver. */
export interface SynchronousDriver {
  run(statement: Statement, values: Value[]): Result
  batch(calls: readonly Call[]): readonly Result[]
}

export function synchronous(client: SynchronousClient): SynchronousDriver {
  const prepared = new Map<Statement, Prepared>()

  function run(statement: Statement, values: Value[]): Result {
    let known = prepared.get(statement)
    if (known === undefined) {
      known = prepare(client, statement.text)
      prepared.set(statement, known)
    }
    if (statement.text.startsWith('SELECT')) return { rows: known.all(values), affected: 0 }
    return { rows: [], affected: Number(known.run(values).changes) }
  }

  /** Takes the write lock before the first read, so that nobody else writes between it and the later calls. */
  function batch(calls: readonly Call[]): readonly Result[] {
    client.exec('BEGIN IMMEDIATE')
    try {
      const results = calls.map(({ statement, values }) => run(statement, values))
      client.exec('COMMIT')
      return results
    } catch (error) {
      rollBack(client)
      throw error
    }
  }

  return { run, batch }
}

/** Some failures have rolled back already. The first error is the one to report. */
function rollBack(client: SynchronousClient): void {
  try {
    client.exec('ROLLBACK')
  } catch {}
}

function prepare(client: SynchronousClient, text: string): Prepared {
  if ('query' in client) {
    const statement = client.query(text)
    return { all: (values) => statement.values(...values), run: (values) => statement.run(...values) }
  }
  if ('pragma' in client) {
    const statement = client.prepare(text)
    // Statements that return no rows refuse it.
    if (text.startsWith('SELECT')) statement.raw()
    // As one array, because `libsql` treats a single `null` as an object of names.
    return { all: (values) => statement.all(values) as Row[], run: (values) => statement.run(values) }
  }
  const statement = client.prepare(text)
  return {
    all: (values) => statement.all(...values).map((row) => Object.values(row as object)),
    run: (values) => statement.run(...values),
  }
}
