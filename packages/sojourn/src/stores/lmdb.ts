import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import type { Change, Store, Written } from '../core/contracts/store.ts'
import { assertIdCursor, assertStorable, isStorableId } from './kit/ids.ts'
import { applyChange, type Listed, readable } from './kit/records.ts'
import { backUp } from './lmdb/backup.ts'
import { type Environment, openEnvironment } from './lmdb/environment.ts'
import { reasonOf, toStoreError } from './lmdb/store-error.ts'
import { createTables, isReadable, type Stored, type Tables } from './lmdb/tables.ts'

export interface LmdbStoreOptions {
  /** A directory on a local disk, created with mode 0700 if it does not exist. LMDB does not work on network file systems. */
  readonly path: string
}

export interface LmdbStore extends Store {
  /**
   * Copies a consistent snapshot into a new directory that `lmdbStore` can open. Reads and writes continue meanwhile. Throws
   * `ERR_OPTION` if the path exists, and `ERR_STORE` if it cannot be written; then nothing is left there.
   */
  backup(path: string): Promise<void>
}

interface Opened {
  readonly environment: Environment
  readonly tables: Tables
}

/** Ids as core makes them. The store holds no others, and LMDB limits the length of keys. */

const WRITTEN: Written = { status: 'written' }

/**
 * Sessions in an LMDB environment on a local disk, shared by any number of processes and threads of one machine.
 *
 * Reads are synchronous, from memory that all processes share. Writes that arrive while the disk is busy are grouped, and are
 * acknowledged once they are on disk: neither `kill -9` nor a power failure undoes an acknowledged logout. `setup` or the first
 * call opens the files. Needs the package `lmdb`.
 */
export function lmdbStore(options: LmdbStoreOptions): LmdbStore {
  checkOptions(options, { path: 'any' }, 'lmdbStore')
  const { path } = options
  if (typeof path !== 'string' || path === '')
    throw new SessionError('ERR_OPTION', 'lmdbStore: path must be the path of a directory.')
  let opened: Opened | null = null
  let closing: Promise<void> | null = null

  function open(): Opened {
    if (closing !== null) throw new SessionError('ERR_CLOSED', 'lmdbStore.')
    if (opened !== null) return opened
    try {
      const environment = openEnvironment(path)
      opened = { environment, tables: createTables(environment) }
      return opened
    } catch (error) {
      throw toStoreError('opening', error)
    }
  }

  /** lmdb keeps one snapshot for a whole turn of the event loop, but another process may have ended a session since. */
  function look<T>(operation: string, view: (tables: Tables) => T): T {
    const { environment, tables } = open()
    try {
      environment.root.resetReadTxn()
      return view(tables)
    } catch (error) {
      throw toStoreError(operation, error)
    }
  }

  /** Only one process at a time runs `work`. It must decide before it writes, because writes before a throw are kept. */
  async function transact<T>(operation: string, work: (tables: Tables) => T): Promise<T> {
    const { environment, tables } = open()
    try {
      return await environment.root.transaction(() => work(tables))
    } catch (error) {
      throw toStoreError(operation, await reasonOf(error, path))
    }
  }

  async function sweep(now: number, limit: number): Promise<number> {
    let deleted = 0
    while (deleted < limit && look('sweep', (tables) => tables.isDue(now))) {
      const rest = limit - deleted
      deleted += await transact('sweep', (tables) => tables.sweepSome(now, rest))
    }
    return deleted
  }

  return {
    name: 'lmdb',
    setup: () => void open(),
    read: (id) => look('read', (tables) => (isStorableId(id) ? tables.read(id) : null)),
    list: (userId) => look('list', (tables) => tables.list(userId)),
    sweep,

    scan(cursor, limit) {
      assertIdCursor('lmdb', cursor)
      return look('scan', (tables) => tables.scan(cursor, limit))
    },

    create: (record) => transact('create', (tables) => create(tables, record)),
    write: (id, change) => transact('write', (tables) => write(tables, id, change)),
    end: (id, tombstone) => transact('end', (tables) => end(tables, id, tombstone)),

    async backup(target) {
      await backUp(open().environment, target)
    },

    close() {
      closing ??= opened === null ? Promise.resolve() : opened.environment.root.close()
      return closing
    },
  }
}

function find(tables: Tables, id: SessionId): Stored | null {
  return isStorableId(id) ? tables.load(id) : null
}

function create(tables: Tables, record: SessionRecord): boolean {
  assertStorable('lmdb', record)
  if (tables.load(record.id) !== null) return false
  tables.insert(record)
  return true
}

function write(tables: Tables, id: SessionId, change: Change): Written {
  const stored = find(tables, id)
  if (stored === null) return { status: 'gone', tombstone: null }
  if (stored.value.kind === 'ended') return { status: 'gone', tombstone: stored.value }
  const next = applyChange(stored.value, change)
  if (next === null) return { status: 'conflict', record: stored.value }
  if (next !== stored.value) tables.replace(stored, next)
  return WRITTEN
}

function end(tables: Tables, id: SessionId, tombstone: Tombstone): Listed | null {
  const stored = readable(id, () => find(tables, id))
  if (stored === null) return null
  if (!isReadable(stored)) {
    tables.putTombstone({ ...tombstone, id })
    return stored
  }
  if (stored.value.kind === 'ended') return null
  tables.replace(stored, tombstone)
  return stored.value
}
