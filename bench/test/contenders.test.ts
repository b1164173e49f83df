import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { without } from '../../tools/servers.mjs'
import { contenders, select, start } from '../src/contenders.mjs'
import { startDatabases } from '../src/databases.mjs'
import { createPlace } from '../src/fleet.mjs'
import { verify } from '../src/verify.mjs'
import { nextContent } from '../src/work.mjs'

const PROGRAMS: Readonly<Record<string, string>> = {
  redis: 'redis-server',
  ioredis: 'redis-server',
  'near-cache': 'redis-server',
  postgres: 'postgres',
}

/** All but those on a server that the user chose to do without. */
const runnable = contenders.filter(({ store }) => !without().includes(PROGRAMS[store] ?? ''))

describe('every contender starts and does the same work', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sojourn-bench-test-'))
  const databases = await startDatabases(root, runnable)
  afterAll(async () => {
    await databases.stop()
    rmSync(root, { recursive: true, force: true })
  })

  test.each(runnable.map((contender) => [contender.name, contender] as const))('%s', async (_, contender) => {
    const running = await start(contender, await createPlace(contender, root, databases.urls))
    try {
      await verify(contender, running.port)
    } finally {
      await running.close()
    }
  })

  test('the session is as large as the tables say', () => {
    expect(Buffer.byteLength(JSON.stringify(nextContent()))).toBe(389)
  })

  test('a part of them brings its bare servers along', () => {
    expect(select('iron').map(({ name }) => name)).toEqual(['node-bare', 'iron-session'])
    expect(new Set(select('memory').map(({ store }) => store))).toEqual(new Set(['none', 'memory']))
  })
})
