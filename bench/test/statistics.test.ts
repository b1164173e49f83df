import { describe, expect, test } from 'vitest'
import { estimate, type Series, unsteadinessOf, withoutStolen } from '../src/estimates.mjs'
import {
  createRandom,
  drawsOf,
  intervalOf,
  median,
  quantile,
  ratioOf,
  shuffle,
  slownessOf,
} from '../src/statistics.mjs'

/** What each contender costs on the quiet machine, µs a request. */
const TRUE_COSTS = {
  'node-bare': 20,
  'node-lb-map': 22,
  'node-sojourn-memory': 26,
  'node-lb-lmdb': 24,
  'node-sojourn-lmdb': 40,
  'node-lb-redis': 28,
  'node-sojourn-redis': 45,
  'node-lb-postgres': 60,
  'node-sojourn-postgres': 80,
  'iron-session': 180,
}

interface Machine {
  readonly rounds: number
  /** How slow it is in this round, for everybody. */
  readonly slowness: (round: number) => number
  /** One measurement's own noise, as a factor. */
  readonly noise: (random: () => number) => number
  readonly seed?: number
}

/** Rounds on a made-up machine. */
function measure({ rounds, slowness, noise, seed = 1 }: Machine): Series[] {
  const random = createRandom(seed)
  const all = Object.keys(TRUE_COSTS).map((contender) => empty(contender))
  for (let round = 0; round < rounds; round++) {
    for (const series of all) {
      const cost = TRUE_COSTS[series.contender as keyof typeof TRUE_COSTS] * slowness(round) * noise(random)
      push(series, cost)
    }
  }
  return all
}

function empty(contender: string): Series {
  return { contender, scenario: 'read', requests: [], ms: [], cpuUs: [], majors: [], steal: [] }
}

function push(series: Series, costUs: number, { majors = 0, steal = 0 } = {}): void {
  series.requests.push(1000)
  series.ms.push(costUs)
  series.cpuUs.push(costUs * 1000)
  series.majors.push(majors)
  series.steal.push(steal)
}

/** Up to 3 % to either side. */
const quiet = (random: () => number) => 1 + (random() - 0.5) * 0.06
/** The same, and one measurement in ten up to three times as dear. */
const spiky = (random: () => number) => quiet(random) * (random() < 0.1 ? 1 + 2 * random() : 1)

function ours(series: readonly Series[]) {
  const found = estimate(series).get('node-sojourn-memory')
  if (found === undefined) throw new Error('Not measured.')
  return found
}

describe('a machine that others use as well', () => {
  test.each<[string, Machine['slowness']]>([
    ['is quiet', () => 1],
    ['is half as fast from the middle on', (round) => (round < 10 ? 1 : 2)],
    ['is half as fast until the middle', (round) => (round < 10 ? 2 : 1)],
    ['flips between two speeds', (round) => (round % 3 === 0 ? 1.7 : 1)],
    ['becomes slower and slower', (round) => 1 + round / 20],
  ])('that %s: the figures are those of its faster rounds', (_, slowness) => {
    const { added, cpu, timesBound } = ours(measure({ rounds: 20, slowness, noise: quiet }))
    // Of a drift, the faster quarter is still somewhat slow.
    const at = quantile(
      Array.from({ length: 20 }, (_each, round) => slowness(round)),
      0.25,
    )
    expect(cpu.value / at).toBeCloseTo(26, 0)
    expect(Math.abs(added.value / at - 6)).toBeLessThan(0.6)
    expect(timesBound?.low).toBeLessThan(3)
    expect(timesBound?.high).toBeGreaterThan(3)
  })

  test('an added cost is found that is far smaller than the swings of the machine', () => {
    const slowness = (round: number) => [1, 2.2, 1.4, 1, 1.8][round % 5] ?? 1
    const { added } = ours(measure({ rounds: 30, slowness, noise: quiet }))
    expect(added.low).toBeGreaterThan(5)
    expect(added.high).toBeLessThan(7)
  })

  test('one measurement in ten that is disturbed changes little', () => {
    const { added } = ours(measure({ rounds: 30, slowness: () => 1, noise: spiky }))
    expect(Math.abs(added.value - 6)).toBeLessThan(0.6)
  })

  test('the more rounds, the narrower the interval', () => {
    const widthOf = (rounds: number) => {
      const { low, high } = ours(measure({ rounds, slowness: () => 1, noise: quiet })).added
      return high - low
    }
    expect(widthOf(40)).toBeLessThan(widthOf(8))
  })

  test('the interval holds the truth as often as it says', () => {
    const trials = Array.from({ length: 40 }, (_, seed) => {
      const { low, high } = ours(
        measure({ rounds: 12, slowness: (round) => 1 + (round % 2), noise: quiet, seed }),
      ).added
      return low <= 6 && 6 <= high
    })
    expect(trials.filter(Boolean).length).toBeGreaterThanOrEqual(34)
  })

  test('how unsteady it was is told apart from what contenders cost', () => {
    expect(unsteadinessOf(measure({ rounds: 20, slowness: () => 1, noise: quiet }))).toBeLessThan(1.05)
    expect(unsteadinessOf(measure({ rounds: 20, slowness: (round) => 1 + (round % 2), noise: quiet }))).toBeCloseTo(
      2,
      1,
    )
  })
})

describe('rounds that the host disturbed', () => {
  test('are left out', () => {
    const all = measure({ rounds: 12, slowness: () => 1, noise: quiet })
    for (const series of all) {
      // Stolen time hits whoever runs at that moment, so it does not cancel.
      push(series, series.contender === 'node-sojourn-memory' ? 90 : 20, { steal: 0.3 })
    }
    expect(withoutStolen(all).every(({ cpuUs }) => cpuUs.length === 12)).toBe(true)
    expect(ours(all).rounds).toBe(12)
  })

  test('are kept if most are like that, and for contenders with fewer rounds the same ones are left out', () => {
    const [bare, bound] = [empty('node-bare'), empty('node-lb-map')]
    for (const steal of [0.3, 0, 0, 0]) push(bare, 20, { steal })
    for (const steal of [0.3, 0]) push(bound, 22, { steal })
    expect(withoutStolen([bare, bound]).map(({ cpuUs }) => cpuUs.length)).toEqual([3, 1])
    const all = [empty('node-bare')]
    for (const steal of [0.3, 0.3, 0]) push(all[0] as Series, 20, { steal })
    expect(withoutStolen(all)[0]?.cpuUs).toHaveLength(3)
  })
})

describe('what a contender does itself is not taken for noise', () => {
  test('collections of the whole heap count as often as they happen', () => {
    const [bare, own] = [empty('node-bare'), empty('node-sojourn-memory')]
    for (let round = 0; round < 20; round++) {
      push(bare, 20)
      push(own, round % 4 === 0 ? 46 : 26, { majors: round % 4 === 0 ? 1 : 0 })
    }
    // A median alone would say 6.
    expect(estimate([bare, own]).get('node-sojourn-memory')?.added.value).toBeCloseTo(11, 5)
  })
})

describe('figures that are compared', () => {
  test('nothing is no multiple, and something is more than any multiple of nothing', () => {
    expect(ratioOf(3, 2)).toBe(1.5)
    expect(ratioOf(-1, 2)).toBe(0)
    expect(ratioOf(-1, -2)).toBe(0)
    expect(ratioOf(1, -2)).toBe(Number.POSITIVE_INFINITY)
  })

  test('the best peer is the cheapest that keeps sessions on the server', () => {
    const costs = {
      'fastify-bare': 10,
      'fastify-sojourn-memory': 14,
      'fastify-session': 70,
      'fastify-session-norolling': 50,
    }
    const all = Object.entries({ ...costs, 'fastify-secure-session': 12, 'fastify-session-redis': 15 }).map(
      ([contender, cost]) => {
        const series = empty(contender)
        for (let round = 0; round < 5; round++) push(series, cost)
        return series
      },
    )
    const own = estimate(all).get('fastify-sojourn-memory')
    expect(own?.peers).toEqual(['fastify-session', 'fastify-session-norolling'])
    expect(own?.timesPeer?.value).toBeCloseTo(0.1, 5)
    expect(own?.timesBound).toBe(null)
    expect(estimate(all).get('fastify-session')?.timesPeer).toBe(null)
  })

  test('contenders with as many rounds are drawn together, so what they share cancels', () => {
    // Without a third, half of a common swing would be taken for speed; the draws alone have to cancel the rest.
    const shared = [1, 5, 2, 8, 3, 9, 4, 7]
    const costs = (more: number) => ({ cpu: shared.map((each) => each + more), isMajor: shared.map(() => false) })
    const draws = drawsOf(
      new Map([
        ['a', costs(100)],
        ['b', costs(100)],
      ]),
    )
    expect(draws.get('a')).toEqual(draws.get('b'))
  })

  test('the same measurements give the same tables', () => {
    const all = measure({ rounds: 10, slowness: () => 1, noise: quiet })
    expect(estimate(all)).toEqual(estimate(all))
  })
})

describe('small parts', () => {
  test('quantiles', () => {
    expect(median([4, 1, 3, 10])).toBe(3.5)
    expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2)
    expect(median([])).toBeNaN()
    expect(median([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY)
  })

  test('an interval holds its estimate, and is wider after few rounds', () => {
    const draws = Array.from({ length: 1001 }, (_, index) => index / 1000)
    expect(intervalOf([5, ...draws], 1_000_000).high).toBe(5)
    const [few, many] = [intervalOf([0.5, ...draws], 10), intervalOf([0.5, ...draws], 1_000_000)]
    expect(many.low).toBeCloseTo(0.025, 4)
    expect(many.high).toBeCloseTo(0.975, 4)
    expect(few.high - few.low).toBeCloseTo(0.95 * 1.2, 4)
  })

  test('slowness is 1 in the faster quarter', () => {
    const costs = (cpu: number[]) => ({ cpu, isMajor: cpu.map(() => false) })
    expect(slownessOf([costs([10, 20, 10, 20]), costs([30, 60, 30]), costs([5, 10])])).toEqual([1, 2, 1, 2])
  })

  test('a shuffled list has the same members, and the order depends on the seed', () => {
    const list = [1, 2, 3, 4, 5, 6, 7, 8]
    expect(shuffle(list, createRandom(1)).sort()).toEqual(list)
    expect(shuffle(list, createRandom(1))).not.toEqual(shuffle(list, createRandom(2)))
  })
})
