import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scoreTokens } from '@sojourn/audit'
import { expect, test } from 'vitest'
import { filesOf } from '../../../../tools/packages.mjs'
import { createWorld } from '../core/kit.ts'

test('prediction: 600 tokens of one user in one millisecond show no pattern, no time and no fixed part', async () => {
  const world = createWorld()
  const client = world.client()
  const tokens: string[] = []
  for (let i = 0; i < 600; i++) {
    await client.send((session) => session.login('ada'))
    tokens.push(client.token() ?? '')
  }
  const { verdict, effectiveBits, parts } = scoreTokens(tokens, { now: world.clock() })
  expect(verdict).toBe('no-weakness-found')
  // 320 bits are random. The last character carries two of them, and the score counts no part of a character.
  expect(effectiveBits).toBeGreaterThan(310)
  expect(
    parts.flatMap(({ structures, predictable }) => [...structures, predictable].filter((one) => one !== null)),
  ).toEqual([])
})

test('no source of the core, the carriers and the guards uses Math.random or a UUID', () => {
  const source = fileURLToPath(new URL('../../src/', import.meta.url))
  const files = ['core', 'carriers', 'guards', 'platform'].flatMap((folder) =>
    filesOf(source + folder, '.ts').map((file) => `${folder}/${file}`),
  )
  expect(files.length).toBeGreaterThan(60)
  expect(files.filter((file) => /Math\.random|randomUUID/.test(readFileSync(source + file, 'utf8')))).toEqual([])
})
