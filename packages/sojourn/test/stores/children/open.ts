import type { Store } from '../../../src/core/contracts/store.ts'
import { lmdbStore } from '../../../src/stores/lmdb.ts'
import { sqliteStore } from '../../../src/stores/sqlite.ts'

/** The store that several processes share: `sqlite:file`, or a directory of LMDB. */
export function openStore(path: string): Store {
  const [, file] = /^sqlite:(.*)$/.exec(path) ?? []
  return file === undefined ? lmdbStore({ path }) : sqliteStore({ path: file })
}
