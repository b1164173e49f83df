import type { Position } from './positions.ts'

// Formulas, constants and sources: docs/audit/statistics.md#positions-and-bits

/** One bit of one position, for all tokens, packed into 32-bit words. */
export interface BitColumn {
  /** The position in the token, and which of its bits, from the most significant. */
  readonly at: number
  readonly bit: number
  readonly bits: Uint32Array
  /** The tokens that count: of 62 letters only 32 make five fair bits, and a token with another letter is left out. */
  readonly mask: Uint32Array
  readonly ones: number
  readonly length: number
}

/** Returns the bits that vary. If letters are uniform, each column is a series of fair, independent bits: nothing is folded. */
export function toBitColumns(positions: readonly Position[]): BitColumn[] {
  return positions.flatMap((position) => {
    const width = Math.floor(Math.log2(position.size))
    const columns = Array.from({ length: width }, (_, bit) => toColumn(position, bit, width))
    return columns.filter(({ ones, length }) => ones > 0 && ones < length)
  })
}

function toColumn({ at, symbols }: Position, bit: number, width: number): BitColumn {
  const words = Math.ceil(symbols.length / 32)
  const bits = new Uint32Array(words)
  const mask = new Uint32Array(words)
  const shift = width - 1 - bit
  const limit = 2 ** width
  let ones = 0
  let length = 0
  symbols.forEach((symbol, i) => {
    if (symbol >= limit) return
    const place = 1 << (i & 31)
    mask[i >>> 5] = (mask[i >>> 5] ?? 0) | place
    length++
    if (((symbol >>> shift) & 1) === 0) return
    bits[i >>> 5] = (bits[i >>> 5] ?? 0) | place
    ones++
  })
  return { at, bit, bits, mask, ones, length }
}

/** Returns the bits of a column one by one, without those that are left out. */
export function toSequence({ bits, mask, length }: BitColumn): Uint8Array {
  const sequence = new Uint8Array(length)
  let next = 0
  for (let i = 0; next < length; i++) {
    if ((((mask[i >>> 5] ?? 0) >>> (i & 31)) & 1) === 1) sequence[next++] = ((bits[i >>> 5] ?? 0) >>> (i & 31)) & 1
  }
  return sequence
}

export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555)
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333)
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
