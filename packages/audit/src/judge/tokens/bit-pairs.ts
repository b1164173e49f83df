import { type BitColumn, popcount } from './bit-columns.ts'
import type { Family } from './family.ts'
import { fairTails } from './special.ts'

// Formulas, constants and sources: docs/audit/statistics.md#bits-among-each-other

/** A pair of bits that agree too often, or too rarely, for chance. */
export interface BitPair {
  readonly one: number
  readonly other: number
  readonly agree: number
  readonly of: number
}

/** More columns would take seconds. A token has that many bits only if it carries data. */
const MOST_COLUMNS = 320

/**
 * Tests whether a bit predicts another of the same token, or of the next one. Fair independent bits agree in half of the tokens
 * on average.
 */
export function bitPairs(family: Family, columns: readonly BitColumn[]): (index: number) => BitPair | undefined {
  const used = columns.slice(0, MOST_COLUMNS)
  const seen = new Map<number, BitPair>()
  const next = used.map(toNext)
  const nameOf = (i: number) => `bit ${(columns[i]?.bit ?? 0) + 1} of position ${(columns[i]?.at ?? 0) + 1}`
  const compare = (test: string, i: number, j: number, a: BitColumn, b: BitColumn) => {
    const index = i * MOST_COLUMNS * 2 + j * 2 + (test === 'bit pairs' ? 0 : 1)
    const pair = agreement(a, b)
    const p = fairTails(pair.agree, pair.of)
    if (p < 1e-3) seen.set(index, { one: i, other: j, ...pair })
    family.add(test, 'bit', p, index, () => `${nameOf(i)}, ${nameOf(j)}`)
  }
  used.forEach((a, i) => {
    for (const [j, b] of used.entries()) {
      if (j > i) compare('bit pairs', i, j, a, b)
      const shifted = next[j]
      if (j !== i && shifted !== undefined) compare('next token', i, j, a, shifted)
    }
  })
  return (index) => seen.get(index)
}

/** Returns the column shifted by one token. */
function toNext(column: BitColumn): BitColumn {
  const shift = (words: Uint32Array) => words.map((word, w) => (word >>> 1) | (((words[w + 1] ?? 0) & 1) << 31))
  return { ...column, bits: shift(column.bits), mask: shift(column.mask) }
}

function agreement(a: BitColumn, b: BitColumn): { agree: number; of: number } {
  let differ = 0
  let of = 0
  for (let w = 0; w < a.bits.length; w++) {
    const both = (a.mask[w] ?? 0) & (b.mask[w] ?? 0)
    of += popcount(both)
    differ += popcount(((a.bits[w] ?? 0) ^ (b.bits[w] ?? 0)) & both)
  }
  return { agree: of - differ, of }
}
