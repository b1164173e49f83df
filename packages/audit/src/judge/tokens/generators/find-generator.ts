import { toBytes } from '../numbers.ts'
import {
  isCongruential,
  isJavaRandom,
  isMathRandom,
  isMersenneTwister,
  type TopBits,
  toFractions,
} from './recurrences.ts'

// Formulas, constants and sources: docs/audit/statistics.md#known-generators

const MOST_TOKENS = 2000

/** Finds a generator by computing outputs from earlier ones, which rules out chance. */
export function findGenerator(tokens: readonly string[]): string | null {
  const values = tokens.slice(0, MOST_TOKENS)
  const fractions = toFractions(values)
  if (fractions !== null && isMathRandom(fractions)) return 'Math.random of V8 (xorshift128+)'
  for (const words of wordOrders(values)) {
    const name = recognise(words)
    if (name !== null) return name
  }
  return null
}

function recognise(words: Uint32Array): string | null {
  // Repeated numbers are related in meaningless ways: words of a constant, a clock, a padding.
  if (words.length < 6 || new Set(words).size < words.length * 0.9) return null
  if (isCongruential(words)) return 'a linear congruential generator'
  if (isJavaRandom(words)) return 'java.util.Random'
  if (isMersenneTwister(words)) return 'the Mersenne Twister (mt19937)'
  const tops: TopBits[] = Array.from(words, (word) => ({ bits: BigInt(word) << 32n, known: 32 }))
  return isMathRandom(tops) ? 'Math.random of V8 (xorshift128+)' : null
}

/** The tokens as one series of 32-bit numbers, in the orders in which programs write several numbers into one token. */
function wordOrders(values: readonly string[]): Uint32Array[] {
  if (values.every((value) => /^\d{1,10}$/.test(value) && Number(value) < 2 ** 32)) {
    return [Uint32Array.from(values, Number)]
  }
  const padded = values.every((value) => /^[0-9a-f]{1,8}$/.test(value))
    ? values.map((value) => value.padStart(8, '0'))
    : values
  const bytes = padded.map(toBytes)
  const size = bytes[0]?.length ?? 0
  if (size === 0 || size % 4 !== 0 || size > 64) return []
  const same = bytes.flatMap((one) => (one?.length === size ? [one] : []))
  if (same.length !== values.length) return []
  const big = same.map((one) => wordsOf(one, false))
  const little = same.map((one) => wordsOf(one, true))
  const orders = [big, little, big.map((words) => [...words].reverse()), little.map((words) => [...words].reverse())]
  return orders.slice(0, size === 4 ? 2 : 4).map((order) => Uint32Array.from(order.flat()))
}

function wordsOf(bytes: Uint8Array, littleEndian: boolean): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, littleEndian))
}
