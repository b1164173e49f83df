import { describe, expect, test, vi } from 'vitest'
import { birthdayTail } from '../../src/judge/tokens/character-tests.ts'
import { scoreTokens } from '../../src/judge/tokens/score.ts'
import { binomialTails, chiSquareTail, fairTails, normalTails } from '../../src/judge/tokens/special.ts'
import { good, hex, moduloBias, NOW, seeded } from './generators.ts'

vi.setConfig({ testTimeout: 60_000 })

const N = 1500

/** Tokens of 64 fair bits that `spoil` does something to; it sees the bits of the token before. */
function spoiled(
  spoil: (bits: number[], t: number, before: readonly number[], chance: () => number) => void,
): string[] {
  const next = seeded(20260101)
  let before: number[] = Array(64).fill(0)
  return Array.from({ length: N }, (_, t) => {
    const bits = Array.from({ length: 64 }, () => next() >>> 31)
    spoil(bits, t, before, () => next() / 2 ** 32)
    before = bits
    return hex([0, 1].map((word) => bits.slice(word * 32, word * 32 + 32).reduce((sum, bit) => sum * 2 + bit, 0)))
  })
}

/** The p-value of one test, as it would be alone. */
function outcome(tokens: readonly string[], id: string) {
  const found = scoreTokens(tokens, { now: NOW }).parts[0]?.tests.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no test ${id}`)
  return found
}

const lfsr = (() => {
  let state = 0xace1
  return () => {
    const bit = ((state >> 0) ^ (state >> 2) ^ (state >> 3) ^ (state >> 5)) & 1
    state = (state >> 1) | (bit << 15)
    return bit
  }
})()

describe('each test sees what it is there for, where it is', () => {
  const kept: number[] = []
  test.each<[string, string, Parameters<typeof spoiled>[0]]>([
    [
      'monobit',
      'bit 3 of position 2',
      (bits, _, __, chance) => {
        if (chance() < 0.2) bits[6] = 1
      },
    ],
    [
      'poker',
      'bit 1 of position 1',
      (bits, t) => {
        kept[t] = bits[0] ?? 0
        if (t % 4 === 3) {
          bits[0] = (kept[t - 1] ?? 0) ^ (kept[t - 2] ?? 0) ^ (kept[t - 3] ?? 0)
        }
      },
    ],
    [
      'runs',
      'bit 1 of position 3',
      (bits, _, before, chance) => {
        if (chance() < 0.35) bits[8] = before[8] ?? 0
      },
    ],
    [
      'long run',
      'bit 4 of position 4',
      (bits, t) => {
        if (t >= 700 && t < 745) bits[15] = 1
      },
    ],
    [
      'autocorrelation',
      'bit 1 of position 5, 64 tokens apart',
      (bits, t, _, chance) => {
        bits[16] = chance() < 0.4 ? (kept[t - 64] ?? 0) : (bits[16] ?? 0)
        kept[t] = bits[16] ?? 0
      },
    ],
    [
      'spectral',
      'bit 2 of position 6',
      (bits, t, _, chance) => {
        bits[21] = chance() < 0.5 + 0.4 * Math.cos((2 * Math.PI * t) / 7.3) ? 1 : 0
      },
    ],
    [
      'linear complexity',
      'bit 1 of position 7',
      (bits) => {
        bits[24] = lfsr()
      },
    ],
    [
      'bit pairs',
      'bit 1 of position 1, bit 1 of position 9',
      (bits, _, __, chance) => {
        if (chance() < 0.4) bits[32] = bits[0] ?? 0
      },
    ],
    [
      'next token',
      'bit 1 of position 1, bit 1 of position 9',
      (bits, _, before, chance) => {
        if (chance() < 0.4) bits[32] = before[0] ?? 0
      },
    ],
    [
      'transitions',
      'position 3',
      (bits, _, before, chance) => {
        if (chance() < 0.7) bits[8] = (bits[9] ?? 0) ^ (before[8] ?? 0) ^ (before[9] ?? 0)
      },
    ],
    [
      'linear rank',
      '63 of 64 bits',
      (bits) => {
        bits[63] = [0, 5, 9, 17, 33, 40].reduce((sum, i) => sum ^ (bits[i] ?? 0), 0)
      },
    ],
    [
      'distance of successors',
      'the whole token',
      (bits, _, before, chance) => {
        bits.forEach((_bit, i) => {
          if (chance() < 0.05) bits[i] = before[i] ?? 0
        })
      },
    ],
    [
      'order',
      'read from position 1',
      (bits, t) => {
        for (let i = 0; i < 12; i++) bits[i] = (t >> (11 - i)) & 1
      },
    ],
    [
      'compression',
      'token by token',
      (bits, t, before) => {
        if (t % 2 === 1)
          before.forEach((bit, i) => {
            if (i >= 8) bits[i] = bit
          })
      },
    ],
  ])('%s', (id, place, spoil) => {
    kept.length = 0
    const { failed, places } = outcome(spoiled(spoil), id)
    expect(failed).toBe(true)
    expect(places).toContain(place)
  })

  test('duplicates', () => {
    const tokens = spoiled(() => {})
    expect(outcome([...tokens, tokens[7] ?? ''], 'duplicates').failed).toBe(true)
    expect(outcome(tokens, 'duplicates').failed).toBe(false)
  })

  test('chi-square and letter counts', () => {
    const biased = Array.from(
      { length: 8000 },
      (_, i) =>
        moduloBias(1)[0]
          ?.slice(0, 4)
          .concat(String(i % 7 === 0 ? 0 : i % 10)) ?? '',
    )
    expect(outcome(biased, 'chi-square').places).toContain('position 5')
    expect(outcome(biased, 'letter counts').places).toContain('position 5')
  })
})

describe('tails', () => {
  test('against values of tables', () => {
    expect(normalTails(1.959964)).toBeCloseTo(0.05, 6)
    expect(normalTails(5) / 5.7330314e-7).toBeCloseTo(1, 5)
    expect(chiSquareTail(24.9958, 15)).toBeCloseTo(0.05, 5)
    expect(chiSquareTail(46.17, 15)).toBeCloseTo(5e-5, 5)
    expect(chiSquareTail(2.16, 15)).toBeCloseTo(1 - 5e-5, 4)
    expect(binomialTails(8, 10, 0.5)).toBeCloseTo(2 * (56 / 1024), 10)
    expect(binomialTails(0, 40, 1 / 16)).toBeCloseTo(2 * (15 / 16) ** 40, 10)
    expect(fairTails(10_275, 20_000)).toBeCloseTo(1.06e-4, 5)
    expect(birthdayTail(23, Math.log2(365))).toBeCloseTo(0.5, 1)
  })

  test('p-values of good tokens are not small more often than they say', () => {
    // A uniform p falls below 0.01 once in a hundred; a test is judged with all its places, so at most that often.
    const runs = Array.from({ length: 60 }, () =>
      scoreTokens((good['hex of 16 bytes']?.(300) ?? []).map((token) => token.slice(0, 10))),
    )
    const all = runs.flatMap(({ parts }) => parts[0]?.tests.map(({ p }) => p) ?? [])
    const small = all.filter((p) => p < 0.01).length
    // Binomial(900, 0.01): more than 24 happen once in a hundred thousand runs, if all tests were independent.
    expect(small).toBeLessThanOrEqual(30)
  })
})
