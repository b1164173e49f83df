import { afterAll, expect, test, vi } from 'vitest'
import { browserVariants } from './browser-variants.ts'
import { judged } from './run-variant.ts'
import { type Cell, scoresOf, tableOf, writeScores } from './score.ts'

vi.setConfig({ testTimeout: 120_000 })

const cells: Cell[] = []

test('no application has the name of another', () => {
  expect(new Set(browserVariants.map(({ name }) => name)).size).toBe(browserVariants.length)
})

test.each(browserVariants)('$name', async (variant) => void cells.push(...(await judged(variant))))

afterAll(() => {
  console.log(tableOf(scoresOf(cells).filter(({ cells }) => cells > 0)))
  writeScores('browser', cells)
})
