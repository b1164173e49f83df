import { afterAll, expect, test, vi } from 'vitest'
import { judged } from './run-variant.ts'
import { type Cell, scoresOf, tableOf, writeScores } from './score.ts'
import { gallery } from './truth.ts'

vi.setConfig({ testTimeout: 120_000 })

const cells: Cell[] = []

test('no application has the name of another', () => {
  expect(new Set(gallery.map(({ name }) => name)).size).toBe(gallery.length)
})

test.each(gallery)('$name', async (variant) => void cells.push(...(await judged(variant))))

afterAll(() => {
  console.log(tableOf(scoresOf(cells)))
  writeScores('gallery', cells)
})
