import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { mysqlDialect } from '../../src/stores/mysql/dialect.ts'
import { postgresDialect } from '../../src/stores/postgres/dialect.ts'
import type { Dialect } from '../../src/stores/sql/dialect.ts'
import type { Driver, Result, Statement, Value } from '../../src/stores/sql/driver.ts'
import { type SqlStore, sqlStore } from '../../src/stores/sql/sql-store.ts'
import { sqliteDialect } from '../../src/stores/sqlite/dialect.ts'
import { aRecord, aTombstone, NOW } from './records.ts'

const DIALECTS = { postgres: postgresDialect, mysql: mysqlDialect, sqlite: sqliteDialect }

interface Faulty {
  readonly store: SqlStore
  readonly sent: { readonly text: string; readonly values: Value[] }[]
}

/** A store over a scripted driver, because no real database repeats the same answer forever. */
function over(dialect: Dialect, answer: (statement: Statement) => Result): Faulty {
  const sent: Faulty['sent'] = []
  const run = (statement: Statement, values: Value[]): Result => {
    sent.push({ text: statement.text, values })
    return answer(statement)
  }
  const driver: Driver = {
    run,
    batch: (calls) => calls.map((call) => run(call.statement, call.values)),
    close: () => undefined,
  }
  return { store: sqlStore({ dialect, driver }), sent }
}

/** A row as the driver gives it. */
function toRow(record: SessionRecord): unknown[] {
  const { id, userId, version, createdAt, lastSeenAt, expiresAt, head, data } = record
  return [id, userId, version, createdAt, lastSeenAt, expiresAt, null, JSON.stringify(head), JSON.stringify(data)]
}

/** The answer, or the error. */
async function settled(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

const NONE: Result = { rows: [], affected: 0 }
const ROW = aRecord({ userId: 'ada', data: { a: '1' } })

/** The error of each database that means that another try can succeed. */
const AGAIN: Readonly<Record<string, object>> = {
  postgres: { code: '40P01' },
  mysql: { errno: 1213, sqlState: '40001' },
  sqlite: { code: 'SQLITE_BUSY' },
}

describe.each(Object.entries(DIALECTS))('a database that never comes to an end, %s', (name, dialect) => {
  test('says "again" for ever: ERR_STORE after a hundred tries', { timeout: 30_000 }, async () => {
    const { store, sent } = over(dialect, () => {
      throw Object.assign(new Error('again'), AGAIN[name])
    })
    expect(await settled(() => store.read(ROW.id))).toMatchObject({ code: 'ERR_STORE' })
    expect(sent).toHaveLength(100)
  })

  test('changes no row, and then has one that fits: ERR_STORE after a hundred looks', async () => {
    const { store, sent } = over(dialect, ({ text }) =>
      text.startsWith('SELECT') && !text.includes('max_allowed_packet') ? { rows: [toRow(ROW)], affected: 0 } : NONE,
    )
    const answer = await settled(() => store.write(ROW.id, { set: { a: '2' } }))
    expect(answer).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('writes keep missing it') })
    expect(sent.filter(({ text }) => text.startsWith('UPDATE'))).toHaveLength(100)
  })
})

/** The possible faults of a column, by its place in the row. */
const DAMAGED: Readonly<Record<string, readonly [place: number, value: unknown]>> = {
  'no JSON in head': [7, '{"secret": private-value'],
  'no head': [7, null],
  'null as head': [7, 'null'],
  'a head of another form': [7, '{"secret": {"private-value": 1}}'],
  'no JSON in data': [8, '{"a": private-value'],
  'data of numbers': [8, '{"private-value": 7}'],
  'no data': [8, null],
  'a list as data': [8, '["private-value", 7]'],
  'a version that is none': [2, 'private-value'],
  'no expiry': [5, null],
  'an expiry that is none': [5, 'private-value'],
  'a time that is none': [3, 'private-value'],
  'an id that is none': [0, 7],
}

describe.each(Object.entries(DIALECTS))('a damaged row, %s', (_, dialect) => {
  test.each(Object.entries(DAMAGED))(
    'with %s fails each call on it, is reported without stored values, and hides no other row',
    async (_name, [place, value]) => {
      const row = toRow(ROW)
      row[place] = value
      const { store } = over(dialect, ({ text }) =>
        text.startsWith('UPDATE') && !text.includes('RETURNING') && !text.includes('ended_at =')
          ? NONE
          : { rows: [row], affected: 1 },
      )
      const calls = [() => store.read(ROW.id), () => store.write(ROW.id, { set: { a: '2' } })]
      for (const call of calls) {
        const error = await settled(call)
        expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED', status: 500 })
        expect((error as Error).cause).toBeUndefined()
        expect(`${(error as Error).stack}`).not.toContain('private-value')
      }
      const damaged = { kind: 'damaged', id: `${row[0]}` }
      expect(await store.list('ada')).toEqual([damaged])
      expect((await store.scan(null, 10)).values).toEqual([damaged])
      expect(await store.end(ROW.id, aTombstone(ROW))).toEqual(damaged)
    },
  )

  test('of a tombstone too', async () => {
    for (const [place, value] of [
      [6, 'private-value'],
      [7, '"private-value'],
      [5, null],
    ] as const) {
      const row = [ROW.id, null, 0, NOW, NOW, NOW, NOW, '"logout"', null] as unknown[]
      row[place] = value
      const { store } = over(dialect, () => ({ rows: [row], affected: 1 }))
      const error = await settled(() => store.read(ROW.id))
      expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
      expect(`${(error as Error).stack}`).not.toContain('private-value')
    }
  })
})

describe('what is sent', () => {
  test('to MySQL, LIMIT is a text: older clients send numbers in a form that MySQL refuses there', async () => {
    const { store, sent } = over(mysqlDialect, () => NONE)
    await store.scan(null, 10)
    await store.sweep(NOW, 20)
    expect(sent.map(({ text, values }) => [text.includes('LIMIT ?'), values.at(-1)])).toEqual([
      [true, '10'],
      [true, '20'],
    ])
  })

  test('to others it is a number', async () => {
    for (const dialect of [postgresDialect, sqliteDialect]) {
      const { store, sent } = over(dialect, () => NONE)
      await store.scan(null, 10)
      expect(sent[0]?.values.at(-1)).toBe(10)
    }
  })
})

describe('messages of a client or the runtime that quote values', () => {
  const texts = [
    'The "string" argument must be of type string. Received type number (private-value)',
    'Unexpected token \'p\', "private-value" is not valid JSON',
    "Received type string ('private-value')",
  ]
  test.each(Object.entries(DIALECTS))('gets into no log as far as it quotes: %s', async (_, dialect) => {
    for (const text of texts) {
      const { store } = over(dialect, () => {
        throw Object.assign(new TypeError(text), { code: 'ERR_INVALID_ARG_TYPE' })
      })
      const error = (await settled(() => store.read(ROW.id))) as Error
      expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: expect.stringMatching(/ …$/) } })
      expect(`${(error.cause as Error).stack}`).not.toContain('private-value')
    }
  })
})

describe("errors of an application's trigger, which may quote the row", () => {
  const raised: readonly (readonly [Dialect, object])[] = [
    [postgresDialect, { code: 'P0001' }],
    [mysqlDialect, { errno: 1644, sqlState: '45000', code: 'ER_SIGNAL_EXCEPTION' }],
    [sqliteDialect, { code: 'SQLITE_CONSTRAINT_TRIGGER' }],
    [sqliteDialect, { errcode: 1811 }],
  ]
  test.each(raised)('gets into no log: %#', async (dialect, fields) => {
    const { store } = over(dialect, () => {
      throw Object.assign(new Error('no private-value here'), fields)
    })
    const error = (await settled(() => store.read(ROW.id))) as Error
    expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: expect.stringMatching(/./) } })
    expect(`${error.stack} ${(error.cause as Error).stack}`).not.toContain('private-value')
  })
})
