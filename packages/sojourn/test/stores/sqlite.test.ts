import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createClient } from '@libsql/client'
import { type CaseResult, type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import Database from 'libsql'
import { afterAll, describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import type { Store } from '../../src/core/contracts/store.ts'
import { type SqliteClient, type SqlStore, sqliteStore } from '../../src/stores/sqlite.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { testCases } from '../support/run-cases.ts'
import { buildProgram, outputOf, programOf, removePrograms } from '../support/runtime.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { aRecord, aTombstone, DAY, NOW } from './records.ts'

const folder = quickFolder('sqlite')
afterAll(removePrograms)

type Client = SqliteClient & { close(): unknown }

/** The drivers of this very runtime. */
const DRIVERS: Readonly<Record<string, { connect(file: string): Client; sever(client: Client): void }>> = {
  libsql: {
    connect(file) {
      const client = new Database(file) as unknown as Client & { exec(sql: string): void }
      client.exec('PRAGMA journal_mode = WAL')
      client.exec('PRAGMA busy_timeout = 100')
      return client
    },
    // Its statements keep working after close.
    sever: (client) => void (client as unknown as { exec(sql: string): void }).exec('DROP TABLE sojourn_sessions'),
  },
  '@libsql/client': {
    connect: (file) => createClient({ url: `file:${file}` }),
    sever: (client) => void client.close(),
  },
}

for (const [name, { connect, sever }] of Object.entries(DRIVERS)) {
  const homes = new WeakMap<Store, { readonly file: string; readonly client: Client }>()
  const openAt = (file: string): SqlStore => {
    const client = connect(file)
    const store = sqliteStore({ client })
    homes.set(store, { file, client })
    return store
  }
  const newFile = (): string => join(mkdtempSync(join(folder, 'case-')), 'sessions.db')
  const fileOf = (store: Store): string => homes.get(store)?.file ?? ''

  testCases(name, storeCases, {
    createStore: () => openAt(newFile()),
    second: (store) => openAt(fileOf(store)),
    reopen: (store) => openAt(fileOf(store)),
    probe: (store) =>
      readdirSync(dirname(fileOf(store))).map((file) => readFileSync(join(dirname(fileOf(store)), file))),
    sever(store) {
      const home = homes.get(store)
      if (home !== undefined) sever(home.client)
    },
    damage(store, id) {
      const past = new Database(fileOf(store))
      past.prepare('UPDATE sojourn_sessions SET head = ? WHERE id = ?').run('{"later', id)
      past.close()
    },
    sweeps: true,
    scans: true,
  } satisfies StoreContext)

  describe(`${name}, under random schedules`, () => {
    test('parallel calls give the answers of some order of them', { timeout: 60_000 }, async () => {
      const store = openAt(newFile())
      await store.setup()
      await fc.assert(
        parallelCalls(() => store),
        { numRuns: 60 },
      )
    })

    test('overlapping requests leave what a user would expect', { timeout: 60_000 }, async () => {
      const store = openAt(newFile())
      await store.setup()
      await fc.assert(
        overlappingRequests(() => store),
        { numRuns: 20 },
      )
    })
  })
}

const PROGRAM = new URL('./runtimes/sqlite-program.ts', import.meta.url)

/** All, for `/dev` is not of the files that Deno gives singly. */
const DENO = ['run', '--no-config', '--allow-all']

/** Runtime, its flags, and the driver that the program imports there. */
const ELSEWHERE = [
  ['node', [], 'node:sqlite'],
  ['node', [], 'better-sqlite3'],
  ['node', [], 'path'],
  ['node', ['--no-experimental-sqlite'], 'path'],
  ['bun', [], 'bun:sqlite'],
  ['bun', [], 'path'],
  ['deno', DENO, 'node:sqlite'],
  ['deno', DENO, 'path'],
] as const

interface Told {
  readonly results: readonly CaseResult[]
  readonly schedules: string | null
  readonly isAtOnce: boolean
}

describe.skipIf(!hasRuntimes)('on other runtimes every store case holds', () => {
  test.each(ELSEWHERE)('%s %j, %s', { timeout: 120_000 }, async (runtime, flags, driver) => {
    const file = await buildProgram(PROGRAM)
    const output = await outputOf(programOf(runtime), [...flags, file, driver, mkdtempSync(join(folder, 'runtime-'))])
    const { results, schedules, isAtOnce } = JSON.parse(output) as Told
    const failed = results.filter(({ status }) => status === 'failed')
    expect(failed.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([])
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(75)
    expect(schedules, 'random schedules').toBeNull()
    expect(isAtOnce, 'a database that answers at once makes a store that does').toBe(true)
  })
})

const refused = expect.objectContaining({ code: 'ERR_OPTION' })

describe('options', () => {
  test('neither path nor client, both, or a client of something else', () => {
    for (const options of [
      {},
      { path: '' },
      { path: 'a', client: {} },
      { client: {} },
      { client: null },
      { path: 7 },
    ]) {
      expect(() => sqliteStore(options as never)).toThrow(refused)
    }
  })

  test('a table whose name is no plain word', () => {
    const client = new Database(':memory:')
    for (const table of ['', '1', 'a b', 'a"; DROP TABLE users; --', 'x'.repeat(49)]) {
      expect(() => sqliteStore({ client, table })).toThrow(refused)
      expect(() => sqliteStore({ path: join(folder, 'never.db'), table })).toThrow(refused)
    }
    expect(readdirSync(folder)).not.toContain('never.db')
  })
})

describe.skipIf('Bun' in globalThis || Number(process.versions.node.split('.')[0]) >= 22)('a path', () => {
  test('on a Node without SQLite names the package to install, and creates no file', async () => {
    const store = sqliteStore({ path: join(folder, 'never.db') })
    await expect(store.setup()).rejects.toMatchObject({ code: 'ERR_OPTION', message: /npm install better-sqlite3/ })
    await expect(store.list('ada')).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await store.close()
    expect(readdirSync(folder)).not.toContain('never.db')
  })
})

describe('faults', () => {
  test('a database without the table says what to do', async () => {
    const store = sqliteStore({ client: new Database(':memory:') })
    expect(() => store.list('ada')).toThrow(
      expect.objectContaining({ code: 'ERR_STORE', message: expect.stringContaining('store.setup()') }),
    )
  })

  test('a writer that waits for another one succeeds, and reads continue meanwhile', async () => {
    const file = join(folder, 'busy.db')
    const [mine, other] = [new Database(file), new Database(file)]
    mine.exec('PRAGMA journal_mode = WAL')
    const store = sqliteStore({ client: mine })
    await store.setup()
    const record = aRecord({ userId: 'ada' })
    await store.create(record)
    other.exec('BEGIN IMMEDIATE')
    const ended = store.end(record.id, aTombstone(record))
    const written = store.create(aRecord())
    expect(store.read(record.id)).toEqual(record)
    other.exec('COMMIT')
    expect(await ended).toEqual(record)
    expect(await written).toBe(true)
  })
})

describe('a sweep', () => {
  test('lets requests through between its batches', async () => {
    const store = sqliteStore({ client: new Database(':memory:') })
    await store.setup()
    for (let i = 0; i < 350; i++) await store.create(aRecord())
    let turns = 0
    const sweeping = store.sweep(NOW + DAY, 300)
    const timer = setInterval(() => turns++, 0)
    expect(await sweeping).toBe(300)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
    expect(await store.sweep(NOW + DAY, 300)).toBe(50)
  })
})
