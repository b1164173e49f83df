import { describe, expect, test } from 'vitest'
import { findGenerator } from '../../src/judge/tokens/generators.ts'
import { hex } from './generators.ts'

/** The generator of Numerical Recipes: each number gives the next. */
function congruential(count: number): number[] {
  const words: number[] = []
  for (let word = 12_345; words.length < count; ) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0
    words.push(word)
  }
  return words
}

const NAME = 'a linear congruential generator'

/** Four numbers a token, put together by `join`. */
function tokens(count: number, join: (words: number[]) => string): string[] {
  const words = congruential(count * 4)
  return Array.from({ length: count }, (_, i) => join(words.slice(i * 4, i * 4 + 4)))
}

const littleEndian = (word: number): number => Buffer.from(hex([word]), 'hex').readUInt32LE()

describe('a generator is found however a program writes its numbers into a token', () => {
  test.each<[string, (words: number[]) => string]>([
    ['in order', hex],
    ['the last number first', (words) => hex([...words].reverse())],
    ['little-endian', (words) => hex(words.map(littleEndian))],
    ['little-endian, the last number first', (words) => hex([...words].reverse().map(littleEndian))],
  ])('%s', (_, join) => {
    expect(findGenerator(tokens(20, join))).toBe(NAME)
  })

  test('numbers in decimal', () => {
    expect(findGenerator(congruential(40).map(String))).toBe(NAME)
  })

  test('hex without leading zeros', () => {
    expect(findGenerator(congruential(40).map((word) => word.toString(16)))).toBe(NAME)
  })
})

describe('no generator is accused of', () => {
  test('fewer than six numbers, which any generator could have made', () => {
    expect(findGenerator(congruential(5).map(String))).toBeNull()
    expect(findGenerator(congruential(6).map(String))).toBe(NAME)
  })

  test('numbers that repeat', () => {
    const words = congruential(10)
    expect(findGenerator([...words, ...words].map(String))).toBeNull()
  })

  test('tokens of different lengths, or of no whole number of words', () => {
    expect(findGenerator(['00112233', '0011223344556677'])).toBeNull()
    expect(findGenerator(congruential(20).map((word) => `${hex([word])}ff`))).toBeNull()
    expect(findGenerator([])).toBeNull()
  })
})
