import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { judged } from './run-variant.ts'
import { areApart, combined, weaknesses } from './weaknesses.ts'

const { SOJOURN_AUDIT_COMBINATIONS: runs = '24', SOJOURN_AUDIT_SEED: seed } = process.env

vi.setConfig({ testTimeout: Number(runs) * 20_000 })

const byName = new Map(weaknesses.map((one) => [one.name, one]))
const named = (names: readonly string[]) => names.flatMap((name) => byName.get(name) ?? [])

test.each(weaknesses)('alone: $name', async (one) => void (await judged(combined([one]))))

test('there are pairs and triples enough to choose from', () => {
  const pairs = weaknesses.flatMap((one, i) => weaknesses.slice(i + 1).filter((other) => areApart([one, other])))
  expect(pairs.length).toBeGreaterThan(200)
})

test(`of several weaknesses each is found, and nothing else (${runs} combinations)`, () =>
  fc.assert(
    fc.asyncProperty(
      fc.subarray([...byName.keys()], { minLength: 2, maxLength: 4 }).filter((names) => areApart(named(names))),
      async (names) => void (await judged(combined(named(names)))),
    ),
    { numRuns: Number(runs), ...(seed !== undefined && { seed: Number(seed) }) },
  ))
