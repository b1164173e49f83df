import { deflateRawSync } from 'node:zlib'
import type { BitColumn } from './bit-columns.ts'
import type { BitPair } from './bit-pairs.ts'
import type { Family, Judged } from './family.ts'
import type { Position } from './positions.ts'
import type { Structure } from './structures/structure.ts'

// Formulas, constants and sources: docs/audit/statistics.md#what-is-left-effective-bits

/** The entropy of one position: what its letters could hold, and what remains. */
export interface PositionEntropy {
  readonly position: number
  readonly letters: number
  readonly bits: number
  /** Why less remains than its letters could hold. Empty if nothing was lost. */
  readonly lowered: readonly string[]
}

const LOST_BY_BIT = ['poker', 'runs', 'long run', 'spectral', 'linear complexity']
const LOST_BY_POSITION = ['transitions', 'order']

/** Position by position. A position that failed a test counts for what the test leaves of it. */
export function entropyByPosition(
  positions: readonly Position[],
  columns: readonly BitColumn[],
  structures: readonly Structure[],
  judged: Judged,
  pairOf: (index: number) => BitPair | undefined,
): PositionEntropy[] {
  const shares = bitShares(columns, judged, pairOf)
  return positions.map((position) => {
    const { at, size, symbols } = position
    if (size < 2) return { position: at + 1, letters: 1, bits: 0, lowered: ['always the same'] }
    const lowered: string[] = []
    const cap = Math.log2(symbols.length)
    let bits = Math.min(Math.log2(size), cap)
    const own = columns.flatMap((column, i) => (column.at === at ? [shares[i] ?? 1] : []))
    const share = own.length === 0 ? 1 : own.reduce((sum, one) => sum + one, 0) / own.length
    if (share < 1) lowered.push('bits that are not fair or not independent')
    bits *= share
    if (['letter counts', 'chi-square'].some((test) => judged.indices(test).has(at))) {
      lowered.push('letters that are not equally common')
      bits = Math.min(bits, leastEntropy(position.commonest, symbols.length), cap)
    }
    const lost = LOST_BY_POSITION.filter((test) => judged.indices(test).has(at))
    if (lost.length > 0) lowered.push(`predicted by the token before (${lost.join(', ')})`)
    const known = structures.filter(({ from, to }) => at >= from && at < to)
    lowered.push(...known.map(({ id }) => `part of a known structure (${id})`))
    if (lost.length + known.length > 0) bits = 0
    return { position: at + 1, letters: size, bits, lowered }
  })
}

/** Returns how much of each bit remains, from 0 to 1. */
function bitShares(
  columns: readonly BitColumn[],
  judged: Judged,
  pairOf: (index: number) => BitPair | undefined,
): number[] {
  const shares = columns.map((column, i) => {
    if (LOST_BY_BIT.some((test) => judged.indices(test).has(i))) return 0
    if (judged.indices('autocorrelation').has(i)) return 0
    const common = Math.max(column.ones, column.length - column.ones)
    return judged.indices('monobit').has(i) ? leastEntropy(common, column.length) : 1
  })
  for (const test of ['bit pairs', 'next token']) {
    for (const index of judged.indices(test)) {
      const pair = pairOf(index)
      if (pair === undefined) continue
      // The later bit of the two only counts for what the earlier one does not predict.
      const later = Math.max(pair.one, pair.other)
      const left = leastEntropy(Math.max(pair.agree, pair.of - pair.agree), pair.of)
      shares[later] = Math.min(shares[later] ?? 1, left)
    }
  }
  return shares
}

/** The min-entropy of the most common value, with the 99 % bound of SP 800-90B. */
function leastEntropy(commonest: number, of: number): number {
  const p = commonest / of
  return -Math.log2(Math.min(1, p + 2.576 * Math.sqrt((p * (1 - p)) / Math.max(1, of - 1))))
}

// Formulas, constants and sources: docs/audit/statistics.md#bits-among-each-other

/** The bytes are read in two orders. A megabyte is enough. */
const MOST_BYTES = 1 << 20

/** A code shortens at most one in 2^k random strings by k bits, so the bits that deflate saves are a bound on P. */
export function compressionTests(family: Family, columns: readonly BitColumn[], tokens: number): void {
  const whole = columns.filter(({ length }) => length === tokens)
  if (whole.length * tokens < 4096) return
  const add = (bytes: Uint8Array, name: string) => {
    const saved = bytes.length - deflateRawSync(bytes).length
    family.add('compression', 'token', Math.min(1, 2 ** (1 - 8 * saved)), -1, () => name)
  }
  add(byToken(whole, tokens), 'token by token')
  add(byColumn(whole, tokens), 'bit by bit')
}

function byToken(columns: readonly BitColumn[], tokens: number): Uint8Array {
  const rows = Math.min(tokens, Math.floor((MOST_BYTES * 8) / columns.length))
  const bytes = new Uint8Array((rows * columns.length) >>> 3)
  let at = 0
  for (let row = 0; row < rows; row++) {
    for (const { bits } of columns) {
      if (at >>> 3 >= bytes.length) return bytes
      const bit = ((bits[row >>> 5] ?? 0) >>> (row & 31)) & 1
      bytes[at >>> 3] = (bytes[at >>> 3] ?? 0) | (bit << (7 - (at & 7)))
      at++
    }
  }
  return bytes
}

function byColumn(columns: readonly BitColumn[], tokens: number): Uint8Array {
  const size = tokens >>> 3
  const bytes = new Uint8Array(Math.min(MOST_BYTES, columns.length * size))
  columns.forEach(({ bits }, c) => {
    const whole = new Uint8Array(bits.buffer, 0, size)
    if ((c + 1) * size <= bytes.length) bytes.set(whole, c * size)
  })
  return bytes
}
