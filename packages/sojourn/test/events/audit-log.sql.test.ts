import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Database from 'libsql'
import type pg from 'pg'
import { createSessions } from 'sojourn'
import { auditLog, verifyAuditLog } from 'sojourn/audit-log'
import { mysqlSink, type SqlSink } from 'sojourn/audit-log/mysql'
import { postgresSink } from 'sojourn/audit-log/postgres'
import { sqliteSink } from 'sojourn/audit-log/sqlite'
import type { SqliteClient } from 'sojourn/stores/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { createClient, createClock, createWorld, DAY, rejection } from '../core/kit.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { startMariadb } from '../support/servers/mariadb.ts'
import { openPool } from '../support/servers/pg-pool.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { KEY } from './audit-kit.ts'

const folder = quickFolder('audit-sql')
const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function started<T extends { stop(): unknown }>(program: string, start: () => Promise<T>): Promise<T | null> {
  if (without().includes(program)) return null
  const server = await start()
  cleanups.push(() => server.stop())
  return server
}

const postgres = await started('postgres', startPostgres)
const mariadb = await started('mariadbd', startMariadb)
const lite = new PGlite()
// It would block this thread in the middle of a test.
await lite.waitReady
cleanups.push(() => lite.close())

function sqlite(): SqliteClient {
  const client = new Database(join(folder, 'audit.sqlite'))
  client.exec('PRAGMA journal_mode = WAL')
  client.exec('PRAGMA busy_timeout = 1000')
  cleanups.push(() => client.close())
  return client as unknown as SqliteClient
}

async function pool(url: string): Promise<{ client: pg.Pool; url: string }> {
  const client = openPool({ connectionString: url })
  cleanups.push(() => client.end())
  return { client, url }
}

let tables = 0
const newTable = (): string => `audit_${tables++}`

const SINKS: readonly (readonly [string, ((table: string) => Promise<SqlSink>) | null])[] = [
  ['PostgreSQL', postgres && (async (table) => postgresSink({ client: (await pool(postgres.url)).client, table }))],
  ['PGlite', async (table) => postgresSink({ client: lite, table })],
  ['MariaDB', mariadb && (async (table) => mysqlSink({ url: mariadb.url, table }))],
  ['SQLite', async (table) => sqliteSink({ client: sqlite(), table })],
]

describe.each(SINKS)('an audit log in %s', (_, open) => {
  const sinkOf = async (table: string): Promise<SqlSink> => {
    if (open === null) throw new Error('left out')
    return open(table)
  }

  it.skipIf(open === null)('is one chain, which the next process continues', async () => {
    const table = newTable()
    for (const user of ['ada', 'grace']) {
      const sessions = createSessions()
      const log = auditLog(sessions, { sink: await sinkOf(table), keys: [KEY] })
      await log.setup()
      await createClient(sessions).send((session) => session.login(user))
      await log.close()
    }
    const sink = await sinkOf(table)
    const report = await verifyAuditLog(sink.lines(), { keys: [KEY] })
    expect(report).toMatchObject({ ok: true, lines: 6, logs: [{ first: 1, last: 6, isClosed: true }] })
    await sink.close()
  })

  it.skipIf(open === null)('several processes write one chain, and nothing is lost or doubled', async () => {
    const table = newTable()
    const logs = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const log = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY] })
        await log.setup()
        return { name, log }
      }),
    )
    await Promise.all(
      logs.flatMap(({ name, log }) => Array.from({ length: 100 }, (_, i) => log.record('entry', { name, number: i }))),
    )
    await Promise.all(logs.map(({ log }) => log.close()))
    const sink = await sinkOf(table)
    const lines: string[] = []
    for await (const line of sink.lines()) lines.push(line)
    const report = await verifyAuditLog(lines, { keys: [KEY] })
    expect(report.problems).toEqual([])
    expect(report.logs).toMatchObject([{ first: 1, last: 306 }])
    const entries = lines.map((line) => JSON.parse(line) as { type: string; details?: object })
    const found = entries.flatMap(({ type, details }) => (type === 'entry' ? [JSON.stringify(details)] : []))
    expect(new Set(found).size).toBe(300)
    expect(found).toHaveLength(300)
    await sink.close()
  })

  it.skipIf(open === null)('a lost answer: the lines are stored once', async () => {
    const table = newTable()
    const inner = await sinkOf(table)
    let isLosing = true
    const sink: SqlSink = {
      ...inner,
      async append(lines) {
        await inner.append(lines)
        if (isLosing) throw new Error('the connection broke after the commit')
      },
    }
    const world = createWorld()
    const log = auditLog(world.sessions, { sink, keys: [KEY] })
    await inner.setup()
    expect(await rejection(log.record('first', {}))).toMatchObject({ code: 'ERR_EVENTS' })
    // Another process appends meanwhile.
    const other = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY] })
    await other.record('other', {})
    isLosing = false
    await log.record('second', {})
    const lines: string[] = []
    for await (const line of inner.lines()) lines.push(line)
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual(['audit.opened', 'first', 'audit.opened', 'other', 'second'])
    expect((await verifyAuditLog(lines, { keys: [KEY] })).problems).toEqual([])
    await log.close()
    await other.close()
  })

  it.skipIf(open === null)(
    'retention deletes old rows although the clock was a century ahead for a moment',
    async () => {
      const table = newTable()
      const clock = createClock()
      const log = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY], keep: '2d', clock })
      await log.setup()
      clock.advance(36_500 * DAY)
      await log.record('ahead', {})
      clock.advance(-36_500 * DAY)
      for (let day = 0; day < 6; day++) {
        await log.record(`day${day}`, {})
        clock.advance(DAY)
      }
      await log.close()
      const sink = await sinkOf(table)
      const lines: string[] = []
      for await (const line of sink.lines()) lines.push(line)
      expect(lines.join()).not.toMatch(/ahead|day0/)
      expect(lines.join()).toContain('day5')
      await sink.close()
    },
  )

  it.skipIf(open === null)('retention deletes old rows, and the rest stays verifiable', async () => {
    const table = newTable()
    const world = createWorld()
    const log = auditLog(world.sessions, { sink: await sinkOf(table), keys: [KEY], keep: '2d', clock: world.clock })
    await log.setup()
    for (let day = 0; day < 5; day++) {
      await world.client().send((session) => session.login(`user${day}`))
      await log.flush()
      world.clock.advance(DAY)
    }
    await log.close()
    const sink = await sinkOf(table)
    const lines: string[] = []
    for await (const line of sink.lines()) lines.push(line)
    expect(lines.join()).not.toContain('user0')
    expect(lines.join()).toContain('user3')
    const report = await verifyAuditLog(lines, { keys: [KEY] })
    expect(report.problems).toEqual([])
    expect(report.logs[0]?.first).toBeGreaterThan(1)
    expect((await verifyAuditLog(lines.slice(1), { keys: [KEY] })).ok, 'one row more').toBe(false)
    await sink.close()
  })

  it.skipIf(open === null)(
    'a clock with fractions, as performance.now() has them, and one that is broken',
    async () => {
      const table = newTable()
      for (const clock of [() => Date.now() + 0.123, () => Number.NaN]) {
        const log = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY], keep: '2d', clock })
        await log.setup()
        await log.record('x', {})
        await log.close()
      }
      const sink = await sinkOf(table)
      expect(await verifyAuditLog(sink.lines(), { keys: [KEY] })).toMatchObject({ ok: true, lines: 6 })
      await sink.close()
    },
  )

  it.skipIf(open === null)('somebody edits the last row: the log goes on, and the check names the row', async () => {
    const table = newTable()
    const log = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY] })
    await log.setup()
    await log.record('one', {})
    await log.close()
    const sink = await sinkOf(table)
    const all: string[] = []
    for await (const line of sink.lines()) all.push(line)
    const edited = (all.at(-1) ?? '').replace('audit.closed', 'audit.CLOSED')
    await sink.append([{ seq: 4, at: 1, text: edited, log: 'x', hash: 'x' }])
    const next = auditLog(createSessions(), { sink: await sinkOf(table), keys: [KEY] })
    await next.record('two', {})
    await next.close()
    const report = await verifyAuditLog(sink.lines(), { keys: [KEY] })
    expect(report.problems[0]).toMatchObject({ where: 'line 4' })
    await sink.close()
  })

  it.skipIf(open === null)('a missing table is an error that says what to do', async () => {
    const sink = await sinkOf(newTable())
    const error = await rejection(sink.append([{ seq: 1, at: 1, text: 'a secret line', log: 'x', hash: 'x' }]))
    expect(error).toMatchObject({ code: 'ERR_EVENTS', message: expect.stringContaining('Run setup()') })
    expect(JSON.stringify(error)).not.toContain('secret')
    await sink.close()
  })
})

it.each([
  ['postgresSink', () => postgresSink({} as never)],
  ['mysqlSink', () => mysqlSink({} as never)],
  ['sqliteSink', () => sqliteSink({} as never)],
  ['postgresSink', () => postgresSink({ client: lite, table: 'a b' })],
])('%s refuses wrong options with its own name', (name, make) => {
  expect(make).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(name.slice(0, 5)) }),
  )
})
