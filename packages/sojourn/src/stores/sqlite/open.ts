import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { chain } from '../../core/lib/maybe.ts'
import { nothingIfMissing } from '../kit/driver-errors.ts'
import type { Call, Driver } from '../sql/driver.ts'
import {
  type BetterSqliteClient,
  type NodeSqliteClient,
  type SynchronousClient,
  type SynchronousDriver,
  synchronous,
} from './synchronous.ts'

/**
 * Settings of a file of our own. Readers and one writer do not wait for each other. A commit returns once it is on disk, so that
 * neither a crash nor a power failure undoes an acknowledged logout. Deleted content is overwritten. If another process is
 * writing, this one waits only briefly, because it is blocked meanwhile, and tries again later.
 */
const PRAGMAS = ['busy_timeout = 20', 'journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON']

interface Opened extends SynchronousDriver {
  close(): unknown
}

/** A driver for a file. The first call opens the file and creates its table. All later calls are synchronous. */
export function opening(path: string, setup: readonly Call[]): Driver {
  let opened: Opened | null = null
  let pending: Promise<Opened> | null = null

  function ready(): MaybePromise<Opened> {
    if (opened !== null) return opened
    pending ??= open(path, setup).then(
      (driver) => {
        opened = driver
        return driver
      },
      (error: unknown) => {
        // The next call tries again, because the file may only be locked for a moment.
        pending = null
        throw error
      },
    )
    return pending
  }

  return {
    run: (statement, values) => chain(ready(), (driver) => driver.run(statement, values)),
    batch: (calls) => chain(ready(), (driver) => driver.batch(calls)),
    async close() {
      const driver = await pending?.catch(() => null)
      driver?.close()
    },
  }
}

async function open(path: string, setup: readonly Call[]): Promise<Opened> {
  const create = await findDatabase()
  await makePrivate(path)
  const client = create(path)
  try {
    for (const pragma of PRAGMAS) client.exec(`PRAGMA ${pragma}`)
    const driver = synchronous(client)
    for (const { statement, values } of setup) driver.run(statement, values)
    return { ...driver, close: () => client.close() }
  } catch (error) {
    client.close()
    throw error
  }
}

/** The members of `node:fs/promises` and `node:path` that are used here. */
interface Files {
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>
  open(path: string, flags: string, mode: number): Promise<{ close(): Promise<void> }>
}
interface Paths {
  dirname(path: string): string
}

/** Only the owner can read it, because records show who is logged in. SQLite gives its other files the same mode. */
async function makePrivate(path: string): Promise<void> {
  const files = (await load('node:fs/promises')) as Files
  const { dirname } = (await load('node:path')) as Paths
  await files.mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await (await files.open(path, 'a', 0o600)).close()
}

type Create = (path: string) => SynchronousClient

async function findDatabase(): Promise<Create> {
  if ('Bun' in globalThis) {
    const { Database } = (await load('bun:sqlite')) as { Database: new (path: string) => SynchronousClient }
    return (path) => new Database(path)
  }
  const node = (await loadIfThere('node:sqlite')) as { DatabaseSync: new (path: string) => NodeSqliteClient } | null
  if (node !== null) return (path) => new node.DatabaseSync(path)
  const better = (await loadIfThere('better-sqlite3')) as { default: new (path: string) => BetterSqliteClient } | null
  if (better !== null) return (path) => new better.default(path)
  throw new SessionError(
    'ERR_OPTION',
    'sqliteStore: a path needs Node 22.13 or later, Deno or Bun, or the package better-sqlite3. Run: npm install better-sqlite3',
  )
}

/** By a name that bundlers do not follow: each runtime has one of these modules. */
function load(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}

async function loadIfThere(name: string): Promise<unknown> {
  try {
    return await load(name)
  } catch (error) {
    return nothingIfMissing(error)
  }
}
