// Formulas, constants and sources: docs/audit/statistics.md#one-level-for-all-tests

// Every test is a member of one family, so that a good generator is rarely accused of anything at all.

export type TestLevel = 'character' | 'bit' | 'token'

/** A test that is made at many places: at each position, at each pair of bits. */
export interface TestResult {
  readonly id: string
  readonly level: TestLevel
  /** The number of places. */
  readonly trials: number
  /** The smallest p-value, corrected for the places (Bonferroni). */
  readonly p: number
  /** The limit for `p` in Holm's procedure. */
  readonly limit: number
  readonly failed: boolean
  /** The places that fail by themselves, worst first, at most a hundred. */
  readonly places: readonly string[]
}

export interface Family {
  /** `place` is displayed, so it must not contain a part of a token. `index` identifies the place for the entropy. */
  add(test: string, level: TestLevel, p: number, index: number, place: () => string): void
  decide(alpha: number): Judged
}

export interface Judged {
  readonly results: readonly TestResult[]
  failed(test: string): boolean
  /** The indices at which the test fails by itself. */
  indices(test: string): ReadonlySet<number>
}

interface Group {
  readonly level: TestLevel
  trials: number
  least: number
  readonly low: { readonly p: number; readonly index: number; readonly place: () => string }[]
}

/** Nothing above this can fail at any allowed level. It is low to save memory. */
const WORTH_KEEPING = 1e-3

export function createFamily(): Family {
  const groups = new Map<string, Group>()
  return {
    add(test, level, p, index, place) {
      const group = groups.get(test) ?? { level, trials: 0, least: 1, low: [] }
      groups.set(test, group)
      group.trials++
      group.least = Math.min(group.least, p)
      if (p < WORTH_KEEPING) group.low.push({ p, index, place })
    },
    decide: (alpha) => decide(groups, alpha),
  }
}

/** Holm's procedure for the tests; Bonferroni's for the places of each. */
function decide(groups: ReadonlyMap<string, Group>, alpha: number): Judged {
  const failing = new Map<string, Set<number>>()
  let open = true
  const results = [...groups]
    .map(([id, group]) => ({ id, group, p: Math.min(1, group.least * group.trials) }))
    .sort((a, b) => a.p - b.p)
    .map(({ id, group, p }, i, all): TestResult => {
      const limit = alpha / (all.length - i)
      open &&= p <= limit
      const low = open ? group.low.filter((one) => one.p * group.trials <= limit).sort((a, b) => a.p - b.p) : []
      if (open) failing.set(id, new Set(low.map(({ index }) => index)))
      const places = low.slice(0, 100).map(({ place }) => place())
      return { id, level: group.level, trials: group.trials, p, limit, failed: open, places }
    })
  return {
    results,
    failed: (test) => failing.has(test),
    indices: (test) => failing.get(test) ?? new Set(),
  }
}
