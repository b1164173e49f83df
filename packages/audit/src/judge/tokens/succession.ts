import { type BitColumn, popcount } from './bit-columns.ts'
import type { Family } from './family.ts'
import type { Position } from './positions.ts'
import { fairTails, normalTails } from './special.ts'

// Formulas, constants and sources: docs/audit/statistics.md#successive-tokens

/** Two random tokens rarely agree in this many letters. */
const LETTERS = 8

/** Tests whether tokens are ordered, and whether successive ones are closer or farther apart than by chance. */
export function successionTests(family: Family, positions: readonly Position[], columns: readonly BitColumn[]): void {
  const varied = positions.filter(({ size }) => size > 1)
  const reversed = [...varied].reverse()
  for (const [how, letters] of [
    ['read', varied],
    ['read backwards', reversed],
  ] as const) {
    letters.forEach((position, i) => {
      const { p, own } = orderTails(letters.slice(i, i + LETTERS))
      family.add('order', 'token', p, own ? position.at : -1, () => `${how} from position ${position.at + 1}`)
    })
  }
  const distance = successiveDistance(columns)
  if (distance.of > 0) {
    family.add('distance of successors', 'token', fairTails(distance.differ, distance.of), -1, () => 'the whole token')
  }
}

/**
 * Rises against falls, as numbers: a counter or a clock only rises. `own`: the first letter rises or falls by itself, not only if
 * it stays the same and later letters decide.
 */
function orderTails(letters: readonly Position[]): { p: number; own: boolean } {
  const n = letters[0]?.symbols.length ?? 0
  let rises = 0
  let ownRises = 0
  let ownSteps = 0
  for (let i = 1; i < n; i++) {
    for (const [place, { symbols }] of letters.entries()) {
      const step = (symbols[i] ?? 0) - (symbols[i - 1] ?? 0)
      if (step === 0) continue
      rises += Math.sign(step)
      if (place === 0) {
        ownRises += Math.sign(step)
        ownSteps++
      }
      break
    }
  }
  // After a rise, a fall is more likely: the variance is (n+1)/3, and less with ties.
  const p = normalTails(Math.max(0, Math.abs(rises) - 1) / Math.sqrt((n + 1) / 3))
  return { p, own: Math.abs(ownRises) > ownSteps / 2 }
}

function successiveDistance(columns: readonly BitColumn[]): { differ: number; of: number } {
  let differ = 0
  let of = 0
  for (const { bits, mask } of columns) {
    for (let w = 0; w < bits.length; w++) {
      const next = ((bits[w] ?? 0) >>> 1) | (((bits[w + 1] ?? 0) & 1) << 31)
      const nextMask = ((mask[w] ?? 0) >>> 1) | (((mask[w + 1] ?? 0) & 1) << 31)
      const both = (mask[w] ?? 0) & nextMask
      of += popcount(both)
      differ += popcount(((bits[w] ?? 0) ^ next) & both)
    }
  }
  return { differ, of }
}
