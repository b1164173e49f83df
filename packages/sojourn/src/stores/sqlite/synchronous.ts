import type { Call, Driver, Result, Row, Statement, Value } from '../sql/driver.ts'

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

/** Runs statements on databases that answer at once. */
export function synchronous(client: SynchronousClient): Omit<Driver, 'close'> {
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

  /** The write lock is taken before the first look, so that nobody writes between that and what follows from it. */
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

/** Some failures have rolled back by themselves; the one that came first is the one to tell. */
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
    // Statements that answer with nothing refuse it.
    if (text.startsWith('SELECT')) statement.raw()
    // As one array, for `libsql` takes a lone `null` for an object of names.
    return { all: (values) => statement.all(values) as Row[], run: (values) => statement.run(values) }
  }
  const statement = client.prepare(text)
  return {
    all: (values) => statement.all(...values).map((row) => Object.values(row as object)),
    run: (values) => statement.run(...values),
  }
}
