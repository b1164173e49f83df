import { SessionError } from '../../core/contracts/errors.ts'
import type { Dialect } from '../../stores/sql/dialect.ts'
import type { Call, Driver, Result } from '../../stores/sql/driver.ts'
import { assertIdentifier, type Template, template } from '../../stores/sql/statements.ts'
import { retrying, toStoreError } from '../../stores/sql/store-error.ts'
import type { AuditLine } from './chain.ts'
import { type AuditSink, type Held, type HeldLine, PlaceTaken } from './sink.ts'

/** A sink whose lines can be read again. */
export interface SqlSink extends AuditSink {
  /** Creates the table and its index, or checks that they are there. */
  setup(): Promise<void>
  /** All lines, oldest first, for `verifyAuditLog`. Read in pages. */
  lines(): AsyncIterable<string>
}

export const DEFAULT_AUDIT_TABLE = 'sojourn_audit_log'

interface SqlSinkParts {
  readonly dialect: Dialect
  readonly driver: Driver
  /** Quoted names. Each statement changes nothing the second time. */
  readonly schema: (table: string, index: string) => readonly string[]
  readonly table?: string | undefined
  readonly schemaName?: string | undefined
}

/** Lines of one insert: the largest of these that fits, because each size is a statement that the server keeps. */
const SIZES = [64, 16, 4, 1]
const PAGE = 500

/** The key is the place in the chain, so two processes cannot take the same place, and all of them write one chain. */
export function sqlSink({
  dialect,
  driver,
  schema,
  table: name = DEFAULT_AUDIT_TABLE,
  schemaName,
}: SqlSinkParts): SqlSink {
  assertIdentifier(name, `${dialect.name}Sink: table`)
  if (schemaName !== undefined) assertIdentifier(schemaName, `${dialect.name}Sink: schema`)
  const table = (schemaName === undefined ? '' : `${dialect.quote(schemaName)}.`) + dialect.quote(name)
  const statement = (text: string): Template => template(dialect, text)
  const creates = schema(table, dialect.quote(`${name}_at`)).map(statement)
  const inserts = new Map(SIZES.map((size) => [size, statement(toInsert(table, size))]))
  const from = statement(`SELECT seq, line FROM ${table} WHERE seq >= :seq ORDER BY seq LIMIT ${PAGE}`)
  const last = statement(`SELECT seq, line FROM ${table} ORDER BY seq DESC LIMIT 1`)
  const kept = statement(`SELECT MIN(seq) FROM ${table} WHERE at >= :at AND at <= :now`)
  const older = statement(`SELECT MIN(seq) FROM ${table} WHERE at < :at`)
  const cut = statement(`DELETE FROM ${table} WHERE seq < :seq`)

  async function run(operation: string, call: Call): Promise<Result> {
    try {
      return await retrying(dialect, () => driver.run(call.statement, call.values))
    } catch (error) {
      if (operation === 'append' && isDuplicate(dialect, error)) throw new PlaceTaken()
      throw toSinkError(dialect, operation, error)
    }
  }

  /** Two processes may create the table at the same moment. An account that may not create it can use one that is there. */
  async function createOne({ statement, values }: Call): Promise<void> {
    try {
      await retrying(
        dialect,
        () => driver.run(statement, values),
        ({ kind }) => kind === 'again' || kind === 'duplicate',
      )
    } catch (error) {
      if (dialect.toFault(error).kind !== 'denied') throw toSinkError(dialect, 'setup', error)
    }
  }

  async function select(call: Call): Promise<readonly HeldLine[]> {
    const { rows } = await run('read', call)
    return rows.map(([seq, line]) => ({ seq: Number(seq), text: String(line) }))
  }

  async function read(seq: number | null): Promise<Held> {
    const ours = seq === null ? [] : await select(from({ seq }))
    return { lines: [...ours, ...(await select(last({})))] }
  }

  async function append(lines: readonly AuditLine[]): Promise<void> {
    let rest = lines
    while (rest.length > 0) {
      const size = SIZES.find((each) => each <= rest.length) ?? 1
      const insert = inserts.get(size)
      if (insert !== undefined) await run('append', insert(toParameters(rest.slice(0, size))))
      rest = rest.slice(size)
    }
  }

  async function oldestKept(cutoff: number, now: number): Promise<number | null> {
    const [oldest, first] = [await numberOf(older({ at: cutoff })), await numberOf(kept({ at: cutoff, now }))]
    return oldest === null || first === null || oldest >= first ? null : first
  }

  async function numberOf(call: Call): Promise<number | null> {
    const value = (await run('read', call)).rows[0]?.[0] ?? null
    return value === null ? null : Number(value)
  }

  async function* allLines(): AsyncGenerator<string> {
    for (let seq = 0; ; ) {
      const page = await select(from({ seq }))
      yield* page.map(({ text }) => text)
      const end = page.at(-1)?.seq
      if (end === undefined || page.length < PAGE) return
      seq = end + 1
    }
  }

  return {
    name: dialect.name,
    isShared: true,
    async setup() {
      for (const create of creates) await createOne(create({}))
    },
    read,
    append,
    oldestKept,
    deleteBefore: async (seq) => void (await run('delete', cut({ seq }))),
    lines: allLines,
    close: async () => driver.close(),
  }
}

function toInsert(table: string, size: number): string {
  const rows = Array.from({ length: size }, (_, index) => `(:seq${index}, :at${index}, :line${index})`)
  return `INSERT INTO ${table} (seq, at, line) VALUES ${rows.join(', ')}`
}

function toParameters(lines: readonly AuditLine[]): Record<string, string | number> {
  return Object.fromEntries(
    lines.flatMap(({ seq, at, text }, index) => [
      [`seq${index}`, seq],
      [`at${index}`, at],
      [`line${index}`, text],
    ]),
  )
}

/** SQLite's drivers name the constraint in a code or in the message. */
const SQLITE_DUPLICATE = /\bSQLITE_CONSTRAINT|UNIQUE constraint failed/

function isDuplicate(dialect: Dialect, error: unknown): boolean {
  const { kind, text } = dialect.toFault(error)
  return kind === 'duplicate' || (dialect.name === 'sqlite' && SQLITE_DUPLICATE.test(text))
}

/** Our own error, with the driver's as the cause, without what the driver may quote. */
function toSinkError(dialect: Dialect, operation: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error
  const isMissing = dialect.toFault(error).kind === 'table'
  const advice = isMissing ? 'the table is missing or differs. Run setup() of the audit log' : `${operation} failed`
  return new SessionError(
    'ERR_EVENTS',
    `${dialect.name}Sink: ${advice}.`,
    toStoreError(dialect, operation, error).cause,
  )
}
