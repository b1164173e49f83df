import { join } from 'node:path'
import fc from 'fast-check'
import { memoryStore } from 'sojourn'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { afterAll, describe, test } from 'vitest'
import { expectConsistent, temporaryFolder } from './lmdb-files.ts'
import { overlappingRequests } from './overlapping-requests.ts'

describe('a random schedule of overlapping requests of one browser', async () => {
  const path = join(await temporaryFolder(), 'sessions')
  const lmdb = lmdbStore({ path })
  afterAll(() => lmdb.close())

  test('on memory leaves the state that a user would expect', async () => {
    await fc.assert(
      overlappingRequests(() => memoryStore()),
      { numRuns: 500 },
    )
  }, 60_000)

  test('on LMDB leaves the state that a user would expect', async () => {
    await fc.assert(
      overlappingRequests(() => lmdb),
      { numRuns: 100 },
    )
    await expectConsistent(path)
  }, 60_000)
})
