import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { contenders, select, start } from '../src/contenders.mjs'
import { verify } from '../src/verify.mjs'
import { nextContent } from '../src/work.mjs'

describe('every contender starts and does the same work', () => {
  test.each(contenders.map((contender) => [contender.name, contender] as const))('%s', async (_, contender) => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-bench-test-'))
    const running = await start(contender, folder)
    try {
      await verify(contender, running.port)
    } finally {
      await running.close()
      rmSync(folder, { recursive: true, force: true })
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
