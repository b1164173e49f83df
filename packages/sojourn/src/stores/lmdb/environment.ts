import { closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import type { Database, RootDatabase } from 'lmdb'
import { SessionError } from '../../core/contracts/errors.ts'
import { nothingIfMissing } from '../kit/driver-errors.ts'

/** One LMDB environment and what Sojourn keeps in it. */
export interface Environment {
  readonly root: RootDatabase<string, string>
  /** Maps an id to its record or tombstone. */
  readonly records: Database<string, string>
  /** `[hash of the user id, id]` of every live record with a user. */
  readonly users: Database<string, string[]>
  /** `[time, id]` of every record and tombstone. It expires at this time or later, never earlier. */
  readonly expiry: Database<string, (number | string)[]>
}

/** Creates what does not exist yet. Only the owner can read it, because records show who is logged in, and from where. */
export function openEnvironment(path: string): Environment {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  assertLmdbFile(join(path, 'data.mdb'))
  const options = {
    path,
    // lmdb would otherwise treat a path with a dot in its last part as a file.
    noSubdir: false,
    permissionsMode: 0o600,
    // A commit resolves once it is on disk, so that an acknowledged logout survives a power failure. lmdb's default, which
    // answers first and flushes later, was no faster (measured: 60 000 against 63 000 writes/s with 64 in flight).
    overlappingSync: false,
    // lmdb opens a batch for each turn with a promise that nothing handles: on a full disk its rejection would end the process.
    // Without it, writes are still grouped while the previous commit is written.
    eventTurnBatching: false,
    // Address space, not memory or disk. It grows by itself beyond this size, but each time maps everything again.
    mapSize: 2 ** 30,
    // One slot for each process and thread that reads; 64 bytes each.
    maxReaders: 1000,
    encoding: 'string' as const,
  }
  const { open } = loadLmdb()
  const root = open<string, string>(options)
  return {
    root,
    records: root.openDB<string, string>({ name: 'records', encoding: 'string' }),
    users: root.openDB<string, string[]>({ name: 'users', encoding: 'string' }),
    expiry: root.openDB<string, (number | string)[]>({ name: 'expiry', encoding: 'string' }),
  }
}

/**
 * Node's own `require`, which bundlers do not follow: lmdb loads a binary from beside its own files, so it cannot be bundled. In
 * a bundle `import.meta.url` may be missing or point to where the bundle was made. Then the program's file or folder is used.
 */
function loadLmdb(): typeof import('lmdb') {
  for (const base of [import.meta.url, process.argv[1], join(process.cwd(), 'index.js')]) {
    if (base === undefined) continue
    const found = requireFrom(base)
    if (found !== null) return found
  }
  throw new SessionError('ERR_OPTION', 'lmdbStore needs the package lmdb. Run: npm install lmdb')
}

function requireFrom(base: string): typeof import('lmdb') | null {
  try {
    return module.createRequire(base)('lmdb')
  } catch (error) {
    return nothingIfMissing(error)
  }
}

/** The first bytes of every LMDB file, in the byte order of the machine. */
const MAGIC = [Buffer.of(0xbe, 0xef, 0xc0, 0xde), Buffer.of(0xde, 0xc0, 0xef, 0xbe)]

/** lmdb 3.5 ends the process with a segmentation fault if a file is not an LMDB file, so the file is checked first. */
function assertLmdbFile(file: string): void {
  if (!existsSync(file)) return
  const start = Buffer.alloc(64)
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, start)
    // An empty file is valid: another process is about to fill it, and LMDB's own lock makes us wait for that.
    if (length === 0 || MAGIC.some((magic) => start.includes(magic))) return
  } finally {
    closeSync(descriptor)
  }
  throw new SessionError('ERR_STORE', 'lmdb: data.mdb is not an LMDB file.')
}
