import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { bearerWeaknesses } from './bearer-weaknesses.ts'
import { areApart, combined, combinedBearer } from './combined.ts'
import { judged } from './run-variant.ts'
import type { Variant } from './variant.ts'
import { type Weakness, weaknesses } from './weaknesses.ts'

const { SOJOURN_AUDIT_COMBINATIONS: runs = '16' } = process.env

vi.setConfig({ testTimeout: Number(runs) * 20_000 })

/** All names that a failure shows lead to the same application again; the seed that it shows, to the same failures. */
async function holds(all: readonly Weakness[], combine: (some: readonly Weakness[]) => Variant): Promise<void> {
  const byName = new Map(all.map((one) => [one.name, one]))
  const named = (names: readonly string[]) => names.flatMap((name) => byName.get(name) ?? [])
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...byName.keys()], { minLength: 2, maxLength: 4 }).filter((names) => areApart(named(names))),
      async (names) => void (await judged(combine(named(names)))),
    ),
    { numRuns: Number(runs) },
  )
}

const ONCE_WRONG = [
  ['the id is accepted from the path', 'signed with a well-known secret'],
  ['the id is accepted from the path', 'a new id with each answer'],
  ['a second login leaves the first session', 'a new id with each answer'],
]

describe('several weaknesses at once: each is found, and nothing else', () => {
  test(`${runs} times, carried by a cookie`, () => holds(weaknesses, combined))
  test.each(ONCE_WRONG)('%s + %s', async (...names) => {
    await judged(combined(weaknesses.filter(({ name }) => names.includes(name))))
  })
  test(`${runs} times, carried by a token`, () => holds(bearerWeaknesses, combinedBearer))
})

describe('their parts', () => {
  test('is enough for many pairs', () => {
    const pairs = weaknesses.flatMap((one, i) => weaknesses.slice(i + 1).filter((other) => areApart([one, other])))
    expect(pairs.length).toBeGreaterThan(200)
  })

  test.each(weaknesses)('alone: $name', async (one) => void (await judged(combined([one]))))
  test.each(bearerWeaknesses)('alone, in a token: $name', async (one) => void (await judged(combinedBearer([one]))))
})
