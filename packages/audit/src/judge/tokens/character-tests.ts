import type { Family } from './family.ts'
import type { Position } from './positions.ts'
import { binomialTails, chiSquareTail } from './special.ts'

// Formulas, constants and sources: docs/audit/statistics.md#letters

/** Below ten per cell, chi-square has a heavier tail than its table, and the test would accuse a good generator. */
const PER_CELL = 10

/** Tests whether the letters of each position are equally common, and whether a letter predicts that of the next token. */
export function characterTests(family: Family, positions: readonly Position[]): void {
  for (const position of positions) {
    if (position.size < 2) continue
    const name = () => `position ${position.at + 1}`
    letterCounts(family, position, name)
    transitions(family, position, name)
  }
  pooledLetters(family, positions)
}

/** Positions with the same letters together: a biased modulo favors the same letters everywhere. */
function pooledLetters(family: Family, positions: readonly Position[]): void {
  const sizes = new Set(positions.map(({ size }) => size).filter((size) => size > 1))
  for (const size of sizes) {
    const pool = positions.filter((position) => position.size === size)
    const counts = new Float64Array(size)
    for (const { symbols } of pool) for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1
    const n = pool.reduce((sum, { symbols }) => sum + symbols.length, 0)
    if (pool.length < 2 || n / size < PER_CELL) continue
    const x = counts.reduce((sum, count) => sum + (count - n / size) ** 2 / (n / size), 0)
    family.add('letters together', 'character', chiSquareTail(x, size - 1), -1, () => `${pool.length} positions`)
  }
}

function letterCounts(family: Family, { at, size, symbols }: Position, name: () => string): void {
  const counts = new Float64Array(size)
  for (const symbol of symbols) counts[symbol] = (counts[symbol] ?? 0) + 1
  const expected = symbols.length / size
  // Exact for any number of tokens, so that a few dozen already show a large bias.
  for (const count of counts)
    family.add('letter counts', 'character', binomialTails(count, symbols.length, 1 / size), at, name)
  if (expected < PER_CELL) return
  const x = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  family.add('chi-square', 'character', chiSquareTail(x, size - 1), at, name)
}

/** Chi-square test of independence. Letters are grouped so that each cell has enough tokens. */
function transitions(family: Family, { at, size, symbols }: Position, name: () => string): void {
  const steps = symbols.length - 1
  const groups = Math.min(size, Math.floor(Math.sqrt(steps / PER_CELL)))
  if (groups < 2) return
  const cells = new Float64Array(groups * groups)
  const from = new Float64Array(groups)
  const to = new Float64Array(groups)
  const groupOf = (i: number): number => Math.floor(((symbols[i] ?? 0) * groups) / size)
  for (let i = 0, a = groupOf(0); i < steps; i++) {
    const b = groupOf(i + 1)
    cells[a * groups + b] = (cells[a * groups + b] ?? 0) + 1
    from[a] = (from[a] ?? 0) + 1
    to[b] = (to[b] ?? 0) + 1
    a = b
  }
  let x = 0
  for (let cell = 0; cell < cells.length; cell++) {
    const expected = ((from[Math.floor(cell / groups)] ?? 0) * (to[cell % groups] ?? 0)) / steps
    // The letter counts test such uneven marginals. A tiny expectation would only exaggerate here.
    if (expected >= PER_CELL / 2) x += ((cells[cell] ?? 0) - expected) ** 2 / expected
  }
  family.add('transitions', 'character', chiSquareTail(x, (groups - 1) ** 2), at, name)
}

export interface Duplicates {
  /** Tokens that an earlier one equals. */
  readonly repeats: number
  /** How many of them were issued within a second of the equal one. `null` if the times are unknown. */
  readonly sameSecond: number | null
}

export function findDuplicates(values: readonly string[], at: readonly number[] | undefined): Duplicates {
  const last = new Map<string, number>()
  let repeats = 0
  let sameSecond = 0
  values.forEach((value, i) => {
    const earlier = last.get(value)
    last.set(value, i)
    if (earlier === undefined) return
    repeats++
    if (at !== undefined && Math.abs((at[i] ?? Number.NaN) - (at[earlier] ?? Number.NaN)) < 1000) sameSecond++
  })
  return { repeats, sameSecond: at === undefined ? null : sameSecond }
}

/** Returns P that any two of `n` random tokens with this many bits are equal. */
export function birthdayTail(n: number, bits: number): number {
  return -Math.expm1(-(n * (n - 1)) / 2 / 2 ** bits)
}
