import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StoreContext, storeCases } from '@sojourn/conformance'
import { afterAll } from 'vitest'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { testCases } from '../support/run-cases.ts'

const root = await mkdtemp(join(tmpdir(), 'sojourn-lmdb-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const paths = new WeakMap<object, string>()
let count = 0

function openAt(path: string): ReturnType<typeof lmdbStore> {
  const store = lmdbStore({ path })
  paths.set(store, path)
  return store
}

const ctx: StoreContext = {
  createStore: () => openAt(join(root, `store-${count++}`)),
  second: (store) => openAt(paths.get(store) ?? ''),
  reopen: (store) => openAt(paths.get(store) ?? ''),
  probe: async (store) => [await readFile(join(paths.get(store) ?? '', 'data.mdb'))],
  sweeps: true,
  without: { sever: 'there is no connection to lose: the data is mapped into the process' },
}

testCases('lmdb', storeCases, ctx)
