import type { BitColumn } from './bit-columns.ts'

// Formulas, constants and sources: docs/audit/statistics.md#bits-one-column-at-a-time

/** More bits reveal nothing more about the generators in question, and cost quadratic time. */
const MOST_BITS = 1500

/**
 * Returns P that random bits come from a shift register this short (Berlekamp and Massey). `Math.random` of every browser,
 * xorshift and linear feedback registers pass every other test here, and fail this one.
 */
export function linearComplexityTail(bits: Uint8Array): number {
  const n = Math.min(bits.length, MOST_BITS)
  // Of the 2^n series, 2^(2L-1) have complexity L, for L up to half of n.
  return Math.min(1, 2 ** (2 * linearComplexity(bits, n) - n))
}

function linearComplexity(bits: Uint8Array, n: number): number {
  const words = (n >>> 5) + 2
  const current = new Uint32Array(words)
  const previous = new Uint32Array(words)
  // The bits so far, the latest first, so that the discrepancy is one AND over words.
  const window = new Uint32Array(words)
  current[0] = 1
  previous[0] = 1
  let length = 0
  let since = 1
  for (let i = 0; i < n; i++) {
    shiftIn(window, bits[i] ?? 0, (i >>> 5) + 1)
    if (parityOfAnd(current, window, (length >>> 5) + 1) === 0) {
      since++
      continue
    }
    const grows = 2 * length <= i
    const kept = grows ? current.slice() : null
    addShifted(current, previous, since)
    if (kept === null) {
      since++
      continue
    }
    length = i + 1 - length
    previous.set(kept)
    since = 1
  }
  return length
}

function shiftIn(window: Uint32Array, bit: number, words: number): void {
  for (let w = words; w > 0; w--) window[w] = ((window[w] ?? 0) << 1) | ((window[w - 1] ?? 0) >>> 31)
  window[0] = ((window[0] ?? 0) << 1) | bit
}

function parityOfAnd(a: Uint32Array, b: Uint32Array, words: number): number {
  let x = 0
  for (let w = 0; w < words; w++) x ^= (a[w] ?? 0) & (b[w] ?? 0)
  x ^= x >>> 16
  x ^= x >>> 8
  x ^= x >>> 4
  return (0x6996 >>> (x & 15)) & 1
}

function addShifted(target: Uint32Array, source: Uint32Array, by: number): void {
  const whole = by >>> 5
  const rest = by & 31
  for (let w = target.length - 1; w >= whole; w--) {
    const low = (source[w - whole] ?? 0) << rest
    const carried = rest > 0 && w > whole ? (source[w - whole - 1] ?? 0) >>> (32 - rest) : 0
    target[w] = (target[w] ?? 0) ^ low ^ carried
  }
}

export interface LinearRank {
  readonly rank: number
  readonly columns: number
  /** P of a rank this low, up to a factor of 3.5. */
  readonly p: number
}

/**
 * How many of the bits are independent over GF(2). A linear generator whose state is smaller than the token fills only a small
 * part of the space, although each of its bits looks fair. `null` if there are too few tokens.
 */
export function linearRank(columns: readonly BitColumn[], tokens: number): LinearRank | null {
  // If the number of letters is not a power of two, some bits are not defined in every token.
  const whole = columns.filter(({ length }) => length === tokens)
  const rows = Math.min(tokens - 1, whole.length + 64)
  if (whole.length < 2 || rows < whole.length + 24) return null
  // Compared with the first token, so that bits that are always opposite count as one.
  const basis: (Uint32Array | undefined)[] = []
  const words = Math.ceil(whole.length / 32)
  let rank = 0
  for (let row = 1; row <= rows && rank < whole.length; row++) {
    if (insert(basis, rowOf(whole, row, words))) rank++
  }
  const missing = whole.length - rank
  const p = missing === 0 ? 1 : 2 ** (-missing * (rows - whole.length + missing))
  return { rank, columns: whole.length, p }
}

function rowOf(columns: readonly BitColumn[], row: number, words: number): Uint32Array {
  const vector = new Uint32Array(words)
  columns.forEach(({ bits }, c) => {
    const bit = (((bits[row >>> 5] ?? 0) >>> (row & 31)) ^ (bits[0] ?? 0)) & 1
    vector[c >>> 5] = (vector[c >>> 5] ?? 0) | (bit << (c & 31))
  })
  return vector
}

function insert(basis: (Uint32Array | undefined)[], vector: Uint32Array): boolean {
  for (let column = lowest(vector); column >= 0; column = lowest(vector)) {
    const known = basis[column]
    if (known === undefined) {
      basis[column] = vector
      return true
    }
    for (let w = 0; w < vector.length; w++) vector[w] = (vector[w] ?? 0) ^ (known[w] ?? 0)
  }
  return false
}

function lowest(vector: Uint32Array): number {
  const word = vector.findIndex((value) => value !== 0)
  if (word < 0) return -1
  const value = vector[word] ?? 0
  return word * 32 + (31 - Math.clz32(value & -value))
}
