import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { expectConsistent, temporaryFolder } from './lmdb-files.ts'
import { parallelCalls } from './parallel-calls.ts'

describe('a random schedule of parallel calls', async () => {
  const path = join(await temporaryFolder(), 'sessions')
  const lmdb = lmdbStore({ path })
  afterAll(() => lmdb.close())

  test('on memory gives the answers of some order of them, and leaves its state', async () => {
    await fc.assert(
      parallelCalls(() => memoryStore()),
      { numRuns: 500 },
    )
  })

  test('on LMDB gives the answers of some order of them, and leaves its state', async () => {
    await fc.assert(
      parallelCalls(() => lmdb),
      { numRuns: 100 },
    )
    await expectConsistent(path)
  }, 60_000)
})
