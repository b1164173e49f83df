import type { BitColumn } from './bit-columns.ts'
import type { BitPair } from './bit-pairs.ts'
import type { Judged } from './family.ts'
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
