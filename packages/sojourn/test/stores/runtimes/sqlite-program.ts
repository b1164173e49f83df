import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCases, type StoreContext, storeCases } from '@sojourn/conformance'
import type { Store } from '../../../src/core/contracts/store.ts'
import { type SqliteClient, sqliteStore } from '../../../src/stores/sqlite.ts'
import { aRecord, aTombstone } from '../records.ts'
import { runSchedules } from './run-schedules.ts'

/** Runs the store cases on one driver of this runtime, and prints what came of them as JSON. */
const [driver = '', folder = ''] = process.argv.slice(2)

interface Opened {
  readonly file: string
  sever(): void
}

/** How to open a file with the driver itself; `path` leaves that to the store. */
async function opener(): Promise<((file: string) => SqliteClient & { close(): unknown }) | null> {
  if (driver === 'path') return null
  const module = await import(driver)
  const Database = module.DatabaseSync ?? module.Database ?? module.default
  return (file) => {
    const client = new Database(file)
    client.exec('PRAGMA journal_mode = WAL')
    client.exec('PRAGMA busy_timeout = 100')
    return client
  }
}

const open = await opener()
const homes = new WeakMap<Store, Opened>()

function openAt(file: string): Store {
  const client = open?.(file)
  const store = client === undefined ? sqliteStore({ path: file }) : sqliteStore({ client })
  homes.set(store, { file, sever: () => void client?.close() })
  return store
}

const fileOf = (store: Store): string => homes.get(store)?.file ?? ''

const WITHOUT = { damage: 'the same rows as under test/stores/sqlite.test.ts' }

const context: StoreContext = {
  createStore: async () => openAt(join(await mkdtemp(join(folder, 'case-')), 'sessions.db')),
  second: (store) => openAt(fileOf(store)),
  reopen: (store) => openAt(fileOf(store)),
  probe: (store) => readdirSync(dirname(fileOf(store))).map((file) => readFileSync(join(dirname(fileOf(store)), file))),
  sweeps: true,
  scans: true,
  ...(open === null
    ? { without: { ...WITHOUT, sever: 'there is no connection to lose: the file is open in the process' } }
    : { without: WITHOUT, sever: (store) => homes.get(store)?.sever() }),
}

const results = await runCases(storeCases, context)

/** Whether the store answers at once, from its first call on. */
async function answersAtOnce(): Promise<boolean> {
  const store = openAt(join(folder, 'at-once.db'))
  await store.setup?.()
  const record = aRecord({ userId: 'ada' })
  const answers = [
    store.create(record),
    store.read(record.id),
    store.write(record.id, { set: { a: '1' } }),
    store.list('ada'),
    store.end(record.id, aTombstone(record)),
  ]
  await Promise.all(answers)
  await store.close()
  return answers.every((answer) => !(answer instanceof Promise))
}

const store = openAt(join(folder, 'schedules.db'))
await store.setup?.()
const schedules = await runSchedules(() => store)
await store.close()
const isAtOnce = await answersAtOnce()
console.log(JSON.stringify({ results: results.map(({ error: _, ...rest }) => rest), schedules, isAtOnce }))
