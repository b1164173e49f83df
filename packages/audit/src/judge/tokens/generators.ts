import { toBytes } from './numbers.ts'

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

/** Multipliers of generators modulo 2^31 - 1: the original and the current minstd. */
const MINSTD = [16807n, 48271n]
const MERSENNE_31 = 2n ** 31n - 1n

/** Tests whether each number is `a * x + c` of the one before, modulo 2^32, 2^31 or 2^31 - 1. */
function isCongruential(words: Uint32Array): boolean {
  return followsModulo(words, 0xffffffff) || followsModulo(words, 0x7fffffff) || isMinstd(words)
}

function followsModulo(words: Uint32Array, mask: number): boolean {
  if (words.some((word) => word > mask)) return false
  const steps = Array.from(words.subarray(1), (word, i) => ((word - (words[i] ?? 0)) & mask) >>> 0)
  const odd = steps.findIndex((step) => (step & 1) === 1)
  if (odd < 0 || odd + 1 >= steps.length) return false
  const a = Math.imul(steps[odd + 1] ?? 0, inverse(steps[odd] ?? 1)) & mask
  // A factor of one is a counter, which is reported separately; minus one alternates; an even one degenerates.
  if (a === 1 || a === (-1 & mask) || (a & 1) === 0) return false
  let follow = 0
  for (let i = 1; i < steps.length; i++) {
    if ((Math.imul(a, steps[i - 1] ?? 0) & mask) >>> 0 === steps[i]) follow++
  }
  return isMost(follow - 1, steps.length - 1)
}

function isMinstd(words: Uint32Array): boolean {
  return MINSTD.some((a) => {
    let follow = 0
    for (let i = 1; i < words.length; i++) {
      if ((BigInt(words[i - 1] ?? 0) * a) % MERSENNE_31 === BigInt(words[i] ?? 0)) follow++
    }
    return isMost(follow, words.length - 1)
  })
}

/** The inverse of an odd number modulo 2^32 (Newton). */
function inverse(odd: number): number {
  let x = odd
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x))
  return x
}

/** One in four thousand million does by chance. Several processes behind one address may interrupt the series. */
function isMost(follow: number, of: number): boolean {
  return of >= 3 && follow >= 3 && follow > of / 4
}

const A = 0x5deece66dn
const C = 0xbn
const MASK_48 = 2n ** 48n - 1n

/** Two successive `nextInt()` leave 65536 states; the third number shows whether one of them is right. */
function isJavaRandom(words: Uint32Array): boolean {
  for (let start = 0; start + 3 < words.length && start < 8; start++) {
    if (followsFrom(words.subarray(start, start + 4))) return true
  }
  return false
}

function followsFrom(words: Uint32Array): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = words
  const target = BigInt(second)
  const high = BigInt(first) << 16n
  for (let low = 0n; low < 65_536n; low++) {
    let state = ((high | low) * A + C) & MASK_48
    if (state >> 16n !== target) continue
    state = (state * A + C) & MASK_48
    if (state >> 16n !== BigInt(third)) continue
    state = (state * A + C) & MASK_48
    if (state >> 16n === BigInt(fourth)) return true
  }
  return false
}

const N = 624
const M = 397

/** The recurrence of mt19937, tested wherever there are enough successive numbers. */
function isMersenneTwister(words: Uint32Array): boolean {
  const tries = words.length - N
  if (tries < 3) return false
  const state = words.map(untemper)
  let follow = 0
  for (let i = 0; i < tries; i++) {
    const y = ((state[i] ?? 0) & 0x80000000) | ((state[i + 1] ?? 0) & 0x7fffffff)
    const next = (state[i + M] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    if (next >>> 0 === state[i + N]) follow++
  }
  return follow >= 3 && follow > tries / 4
}

/** Inverts the tempering that the generator applies to a number of its state. */
function untemper(word: number): number {
  let y = word ^ (word >>> 18)
  y ^= (y << 15) & 0xefc60000
  let x = y
  for (let i = 0; i < 5; i++) x = y ^ ((x << 7) & 0x9d2c5680)
  let z = x
  for (let i = 0; i < 3; i++) z = x ^ (z >>> 11)
  return z >>> 0
}

/** The most significant bits of a 64-bit number. */
interface TopBits {
  readonly bits: bigint
  readonly known: number
}

const MASK_64 = 2n ** 64n - 1n

/**
 * The tokens as the fractions that they were made from, if they look like `Math.random().toString(36).slice(2)`, the same in hex,
 * or decimal digits.
 */
function toFractions(values: readonly string[]): TopBits[] | null {
  const longest = values.reduce((most, value) => Math.max(most, value.length), 0)
  const base = values.every((value) => /^\d{14,20}$/.test(value)) ? 10 : longest <= 14 ? 36 : 0
  if (base === 0 || longest < 8 || !values.every((value) => /^[0-9a-z]+$/.test(value))) return null
  const isHex = longest > 12 && values.every((value) => /^[0-9a-f]+$/.test(value))
  return values.map((value) => toTopBits(value, isHex ? 16 : base, longest))
}

function toTopBits(value: string, base: number, longest: number): TopBits {
  let digits = 0n
  for (const letter of value) digits = digits * BigInt(base) + BigInt(Number.parseInt(letter, base))
  const scale = BigInt(base) ** BigInt(value.length)
  // All digits of a fraction determine it exactly. If some are cut off, a carry may change the last few bits.
  const isWhole = longest * Math.log2(base) > 51
  const known = isWhole ? 52 : Math.floor(value.length * Math.log2(base)) - 4
  const m = isWhole ? (digits * 2n ** 54n + scale) / (2n * scale) : (digits * 2n ** 53n) / scale
  return { bits: (m << 11n) & MASK_64, known }
}

/** xorshift128+ as in V8: its numbers come from a cache of 64, the last one first. */
function isMathRandom(fractions: readonly TopBits[]): boolean {
  const known = fractions.reduce((least, one) => Math.min(least, one.known), 64)
  // Above this bit, two numbers determine the third without the bits that the fraction does not contain.
  const from = 64 - known + 23
  const bits = 64 - from
  if (bits < 8 || fractions.length < 6) return false
  let follow = 0
  for (let i = 2; i < fractions.length; i++) {
    const [third, second, first] = [fractions[i - 2], fractions[i - 1], fractions[i]].map((one) => one?.bits ?? 0n)
    if (((third ?? 0n) ^ next(first ?? 0n, second ?? 0n)) >> BigInt(from) === 0n) follow++
  }
  const tries = fractions.length - 2
  return follow > tries / 4 && follow * bits >= 48
}

function next(first: bigint, second: bigint): bigint {
  const mixed = (first ^ (first << 23n)) & MASK_64
  return mixed ^ (mixed >> 17n) ^ second ^ (second >> 26n)
}
