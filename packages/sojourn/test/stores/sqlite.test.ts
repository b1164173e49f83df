import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createClient } from '@libsql/client'
import { type CaseResult, type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import Database from 'libsql'
import { describe, expect, test } from 'vitest'
import { hasRuntimes } from '../../../../tools/runtimes.mjs'
import type { Store } from '../../src/core/store.ts'
import { type SqliteClient, type SqlStore, sqliteStore } from '../../src/stores/sqlite.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { testCases } from '../support/run-cases.ts'
import { buildFor, commandOf, outputOf } from '../support/runtime.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'

const folder = quickFolder('sqlite')

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
    // Its statements go on after close.
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
    sweeps: true,
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

/** Runtime, its flags, and the driver that the program imports there. */
const ELSEWHERE = [
  ['node', [], 'node:sqlite'],
  ['node', [], 'better-sqlite3'],
  ['node', [], 'path'],
  ['node', ['--no-experimental-sqlite'], 'path'],
  ['bun', [], 'bun:sqlite'],
  ['bun', [], 'path'],
] as const

describe.skipIf(!hasRuntimes)('on other runtimes every store case holds', () => {
  test.each(ELSEWHERE)('%s %j, %s', { timeout: 120_000 }, async (runtime, flags, driver) => {
    const file = await buildFor(runtime, PROGRAM)
    const output = await outputOf(commandOf(runtime), [...flags, file, driver, quickFolder('sqlite')])
    const { results, isAtOnce } = JSON.parse(output) as { results: CaseResult[]; isAtOnce: boolean }
    const failed = results.filter(({ status }) => status === 'failed')
    expect(failed.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([])
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(75)
    expect(isAtOnce, 'a database that answers at once makes a store that does').toBe(true)
  })
})
