import { toBitColumns } from './bit-columns.ts'
import { bitPairs } from './bit-pairs.ts'
import { bitTests } from './bit-tests.ts'
import { birthdayTail, characterTests, type Duplicates, findDuplicates } from './character-tests.ts'
import { compressionTests, entropyByPosition, type PositionEntropy } from './entropy.ts'
import type { Part } from './envelope.ts'
import { createFamily, type Judged, type TestResult } from './family.ts'
import { findGenerator } from './generators.ts'
import { findHashed } from './hashes.ts'
import { linearRank } from './linear.ts'
import { toPositions } from './positions.ts'
import { findStructures } from './structures/find-structures.ts'
import type { Clock, Structure } from './structures/structure.ts'
import { successionTests } from './succession.ts'

// Formulas, constants and sources: docs/audit/statistics.md#what-is-left-effective-bits

/** The score of one part of the tokens. Contains no part of any token. */
export interface PartScore {
  /** `token`, or the path of the part in it: `$.sid`. */
  readonly name: string
  readonly alphabet: string
  readonly shortest: number
  readonly longest: number
  readonly distinct: number
  /** The maximum for letters of these kinds. */
  readonly nominalBits: number
  /** What remains after all tests, structures and generators. An upper bound: no test proves a token unguessable. */
  readonly effectiveBits: number
  readonly positions: readonly PositionEntropy[]
  readonly tests: readonly TestResult[]
  readonly structures: readonly Structure[]
  /** The generator that predicts the next output, or what was hashed. */
  readonly predictable: string | null
  readonly duplicates: Duplicates
}

/** Further letters are data of the application. */
const MOST_LETTERS = 128

export function scorePart({ name, values }: Part, clock: Clock, alpha: number): PartScore {
  const { alphabet, all } = toPositions(values.map((value) => value.slice(0, MOST_LETTERS)))
  const columns = toBitColumns(all)
  const nominalBits = all.reduce((sum, { size }) => sum + Math.log2(size), 0)
  const family = createFamily()
  characterTests(family, all)
  bitTests(family, columns)
  const pairOf = bitPairs(family, columns)
  successionTests(family, all, columns)
  compressionTests(family, columns, values.length)
  const rank = linearRank(columns, values.length)
  if (rank !== null) family.add('linear rank', 'token', rank.p, -1, () => `${rank.rank} of ${rank.columns} bits`)
  const duplicates = findDuplicates(values, clock.at)
  const together = duplicates.repeats === 0 ? 1 : birthdayTail(values.length, nominalBits)
  family.add('duplicates', 'token', together, -1, () => `${duplicates.repeats} repeats`)

  const judged = family.decide(alpha)
  const structures = findStructures(values, clock)
  const positions = entropyByPosition(all, columns, structures, judged, pairOf)
  const predictable = findGenerator(values) ?? findHashed(values, clock)
  const sum = positions.reduce((total, { bits }) => total + bits, 0)
  const lengths = values.map(({ length }) => length)
  return {
    name,
    alphabet: alphabet.name,
    shortest: lengths.reduce((least, length) => Math.min(least, length), Number.POSITIVE_INFINITY),
    longest: lengths.reduce((most, length) => Math.max(most, length), 0),
    distinct: values.length - duplicates.repeats,
    nominalBits,
    effectiveBits: predictable === null ? Math.min(sum, ...capsOf(judged, values.length, duplicates, rank?.rank)) : 0,
    positions,
    tests: judged.results,
    structures,
    predictable,
    duplicates,
  }
}

function capsOf(judged: Judged, n: number, { repeats }: Duplicates, rank: number | undefined): number[] {
  return [
    ...(judged.failed('linear rank') && rank !== undefined ? [rank] : []),
    ...(judged.failed('duplicates') ? [Math.log2((n * n) / (2 * repeats))] : []),
  ]
}
