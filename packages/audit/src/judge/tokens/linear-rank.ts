import type { BitColumn } from './bit-columns.ts'

export interface LinearRank {
  readonly rank: number
  readonly columns: number
  /** P of so low a rank, at most. */
  readonly p: number
}

/**
 * How many of the bits are independent over GF(2). A linear generator with a state smaller than the token fills only a
 * small part of the space, though each of its bits looks fair. Null while there are too few tokens to tell.
 */
export function linearRank(columns: readonly BitColumn[], tokens: number): LinearRank | null {
  // Bits of letters that are no power of two are not defined in every token.
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
