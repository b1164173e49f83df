import { describe, expect, test, vi } from 'vitest'
import { scoreTokens } from '../../src/judge/tokens/score.ts'
import * as made from './generators.ts'

vi.setConfig({ testTimeout: 60_000 })

const score = (tokens: readonly string[]) => scoreTokens(tokens, { now: made.NOW })

describe('generators of known weakness are found', () => {
  test.each([
    ['a counter', made.counter],
    ['a counter behind words', (n) => made.counter(n).map((value) => `session-${value}`)],
    ['time in milliseconds', made.milliseconds],
    ['UUIDs of version 1', made.uuidV1],
    ['object ids', made.objectIds],
    ['snowflakes', made.snowflakes],
    ['MD5 of the time', made.md5OfTime],
    ['SHA-1 of a counter', made.sha1OfCounter],
    ['a linear congruential generator', made.lcg32],
    ['minstd', made.minstd],
    ['java.util.Random', made.javaRandom],
    ['Math.random in base 36', made.mathRandomBase36],
    ['Math.random in hex', made.mathRandomHex],
  ])('%s: predictable from 40 tokens', (_, make) => {
    const result = score(make(40))
    expect(result.verdict).toBe('predictable')
    expect(result.effectiveBits).toBeLessThan(32)
  })

  test('the Mersenne Twister: predictable once its state has gone by', () => {
    expect(score(made.mersenneTwister(200)).verdict).toBe('predictable')
  })

  test.each([
    ['a short alphabet', made.shortAlphabet, 26],
    ['32 random bits behind constants', made.constantAnd32, 32],
    ['32 random bits four times over', made.repeated32, 32],
    ['32 random bits spread over 128', made.spread32, 32],
    ['xorshift, cut to the upper half', made.truncatedXorshift, 32],
    ['a small pool of strong tokens', made.fewOnly, 16],
    ['seconds and 32 random bits', made.hexSeconds, 33],
  ])('%s: weak, and worth no more than it is', (_, make, bits) => {
    const result = score(make(1000))
    expect(result.verdict).toBe('weak')
    expect(result.effectiveBits).toBeLessThanOrEqual(bits)
  })

  test('a hash of the time in milliseconds, when it is known when tokens were issued', () => {
    const tokens = made.md5OfMilliseconds(40)
    const issuedAt = tokens.map((_, i) => made.NOW + i * 11 + 2)
    expect(scoreTokens(tokens, { issuedAt }).parts[0]?.predictable).toBe('md5 of the time in milliseconds')
  })

  test('a stuck bit costs one bit', () => {
    expect(score(made.stuckBit(500)).effectiveBits).toBe(127)
  })

  test('a biased bit is found, where it is, and costs about what it is biased by', () => {
    const [part] = score(made.biasedBit(2000)).parts
    expect(part?.tests.find(({ id }) => id === 'monobit')?.places).toEqual(['bit 2 of position 19'])
    expect(part?.effectiveBits).toBeGreaterThan(126)
    expect(part?.effectiveBits).toBeLessThan(128)
  })

  test('a modulo that favours some letters is found, and is no disaster', () => {
    const result = score(made.moduloBias(1000))
    expect(result.parts[0]?.tests.find(({ id }) => id === 'letters together')?.failed).toBe(true)
    expect(result.effectiveBits).toBeGreaterThan(115)
  })

  test('a counter before a random part costs the counter and not the random part', () => {
    const result = score(made.counterAndRandom(400))
    expect(result.verdict).toBe('no-weakness-found')
    expect(result.parts[0]?.tests.find(({ id }) => id === 'order')?.failed).toBe(true)
    expect(result.effectiveBits).toBeLessThan(130)
  })

  test('a UUID of version 7 keeps its random bits only, one of version 4 has 122', () => {
    const v7 = score(made.uuidV7(400))
    expect(v7.parts[0]?.structures[0]?.id).toBe('uuid')
    expect(v7.effectiveBits).toBeCloseTo(72)
    const v4 = score(made.uuids(400))
    expect([v4.verdict, v4.effectiveBits]).toEqual(['adequate', 122])
  })
})

describe('the CSPRNG is accused of nothing', () => {
  test.each(Object.entries(made.good))('%s: strong', (_, make) => {
    const result = score(make(600))
    expect(result.verdict).toBe('no-weakness-found')
    expect(result.parts[0]?.predictable).toBeNull()
    expect(result.parts[0]?.structures).toEqual([])
  })

  test('the family of all tests fails in no more samples than it says', { timeout: 120_000 }, () => {
    const alpha = 0.05
    const makers = Object.values(made.good)
    const failures = Array.from({ length: 64 }, (_, i) => {
      const tokens = makers[i % makers.length]?.(60 + (i % 5) * 90) ?? []
      const tests = scoreTokens(tokens, { alpha }).parts[0]?.tests ?? []
      return tests.reduce((least, one) => (one.failed ? Math.min(least, one.p) : least), 1)
    }).filter((p) => p < 1)
    // Binomial(64, 0.05): more than 13 happen once in a hundred thousand runs.
    expect(failures.length).toBeLessThanOrEqual(13)
    // And at the level that is the default, more than one in 64 samples never.
    expect(failures.filter((p) => p < 1e-4 / 25).length).toBeLessThanOrEqual(1)
  })
})

test('letters of somebody’s own alphabet are not held to be missing', () => {
  const part = score(made.good['26 letters of 32']?.(120) ?? []).parts[0]
  expect(part?.tests.filter(({ failed }) => failed)).toEqual([])
  expect(part?.nominalBits).toBe(130)
})

describe('notes about the sample', () => {
  test('forty tokens cap a position at log2(40) bits, with a note', () => {
    const result = score(made.good['base64url of 24 bytes']?.(40) ?? [])
    expect(result.sample.capPerPositionBits).toBeCloseTo(5.32, 2)
    expect(result.parts[0]?.positions.every(({ bits }) => bits <= 5.33)).toBe(true)
    expect(result.limits[0]).toContain('40 tokens cap the entropy by position at log2(40) = 5.3 bits')
  })

  test('too few tokens give no verdict but for what is plain', () => {
    expect(score(made.good['hex of 16 bytes']?.(8) ?? []).verdict).toBe('undecided')
    expect(score(made.counter(8)).verdict).toBe('predictable')
    expect(score([]).verdict).toBe('undecided')
    expect(score(['one']).verdict).toBe('undecided')
  })

  test('equal tokens of one second can mean a stateless token, and no bad generator', () => {
    const distinct = made.constantAnd32(30)
    const tokens = distinct.flatMap((token) => [token, token])
    const issuedAt = tokens.map((_, i) => made.NOW + Math.floor(i / 2) * 1000 + (i % 2) * 10)
    const result = scoreTokens(tokens, { issuedAt })
    expect(result.verdict).toBe('undecided')
    expect(result.reasons.join(' ')).toContain('stateless token')
    const apart = scoreTokens(tokens, { issuedAt: tokens.map((_, i) => made.NOW + i * 5000) })
    expect(apart.verdict).toBe('weak')
  })

  test('no token, and no part of one, is in the score', () => {
    const tokens = made.good['hex of 16 bytes']?.(100) ?? []
    const text = JSON.stringify(score(tokens))
    expect(tokens.filter((token) => text.includes(token.slice(0, 12)))).toEqual([])
  })

  test('any strings are scored without a throw', () => {
    const odd = ['', ' ', '\0', '💥', 'a'.repeat(9000), '{', '%', 's:.', '.'.repeat(50), 'e30.e30.', '[[[[', 'a:1:{']
    for (const one of odd) for (const other of odd) expect(() => score([one, other, one])).not.toThrow()
  })
})

test('20 000 tokens: memory stays flat', { timeout: 120_000 }, () => {
  const tokens = made.good['base64url of 24 bytes']?.(20_000) ?? []
  scoreTokens(tokens.slice(0, 500))
  const before = process.memoryUsage().rss
  scoreTokens(tokens)
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200)
})
