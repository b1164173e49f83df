import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { flood } from '../src/flood/measure.mjs'
import { renderFlood } from '../src/flood/table.mjs'
import { type Target, targets } from '../src/flood/targets.mjs'
import { fillSection, README } from '../src/readme.mjs'
import { FLOOD } from '../src/results.mjs'

const TOKENS = 30_000

describe('a flood of forged tokens', () => {
  test.each(Object.entries(targets).filter(([, { keys }]) => keys))(
    'does not reach the store, and no honest user is logged out: %s',
    async (name, target) => {
      const { reads, refused, limiterCalls } = await flood(name, target, TOKENS)
      const points = target.networks * 20_000
      const expected = target.limited
        ? { refused: Math.max(0, TOKENS - points), limiterCalls: Math.min(TOKENS, points + 1) }
        : { refused: 0, limiterCalls: 0 }
      expect({ reads, refused, limiterCalls }).toEqual({ reads: 0, ...expected })
    },
    60_000,
  )

  test('without keys reaches it once a token, so the count is a count', async () => {
    const [name, target] = Object.entries(targets)[0] as [string, Target]
    const { reads, refused } = await flood(name, target, 1000)
    expect(refused).toBe(0)
    expect(reads).toBeGreaterThanOrEqual(1000)
  })
})

test.runIf(existsSync(FLOOD))('nobody wrote figures of the flood into the README by hand', () => {
  const text = readFileSync(README, 'utf8')
  expect(fillSection(text, 'flood', renderFlood(JSON.parse(readFileSync(FLOOD, 'utf8'))))).toBe(text)
})
