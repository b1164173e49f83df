import type { Driver, Value } from '../sql/driver.ts'

/** The result of `createClient` of `@libsql/client`: a file, or a server. */
export interface LibsqlClient {
  execute(statement: LibsqlStatement): Promise<LibsqlResult>
  batch(statements: LibsqlStatement[], mode: 'write'): Promise<LibsqlResult[]>
}

interface LibsqlStatement {
  readonly sql: string
  readonly args: Value[]
}

interface LibsqlResult {
  readonly rows: readonly ArrayLike<unknown>[]
  readonly rowsAffected: number
}

/** A binding of Cloudflare D1. */
export interface D1Client {
  prepare(sql: string): { bind(...values: Value[]): D1Statement }
  batch(statements: D1Statement[]): Promise<D1Result[]>
}

interface D1Statement {
  all(): Promise<D1Result>
}

interface D1Result {
  readonly results: readonly unknown[]
  readonly meta: { readonly changes: number }
}

export function libsql(client: LibsqlClient): Omit<Driver, 'close'> {
  const toResult = ({ rows, rowsAffected }: LibsqlResult): { rows: unknown[][]; affected: number } => ({
    rows: rows.map((row) => Array.from(row)),
    affected: rowsAffected,
  })
  return {
    run: async ({ text }, values) => toResult(await client.execute({ sql: text, args: values })),
    async batch(calls) {
      const statements = calls.map(({ statement, values }) => ({ sql: statement.text, args: values }))
      return (await client.batch(statements, 'write')).map(toResult)
    },
  }
}

export function d1(client: D1Client): Omit<Driver, 'close'> {
  const toResult = ({ results, meta }: D1Result): { rows: unknown[][]; affected: number } => ({
    rows: results.map((row) => Object.values(row as object)),
    affected: meta.changes,
  })
  return {
    run: async ({ text }, values) =>
      toResult(
        await client
          .prepare(text)
          .bind(...values)
          .all(),
      ),
    async batch(calls) {
      const statements = calls.map(({ statement, values }) => client.prepare(statement.text).bind(...values))
      return (await client.batch(statements)).map(toResult)
    },
  }
}
