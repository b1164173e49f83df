/**
 * Estimates that one slow second of the machine cannot spoil. Pure: figures in, figures out.
 *
 * @typedef {object} Interval An estimate and its 95 % confidence interval.
 * @property {number} value
 * @property {number} low
 * @property {number} high
 *
 * @typedef {object} Costs What one contender cost in each round.
 * @property {readonly number[]} cpu µs a request.
 * @property {readonly boolean[]} isMajor Whether it collected its whole heap in that round.
 */

const RESAMPLES = 1000
const TAIL = 0.025
const POLISHES = 8
const SEED = 20_261_201

/** @param {readonly number[]} values @param {number} share 0.5 is the median. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below === above ? below : below + (above - below) * (at - Math.floor(at))
}

/** @param {readonly number[]} values */
export function median(values) {
  return quantile(values, 0.5)
}

/**
 * The same numbers every time: the tables must come out the same from the same measurements.
 *
 * @param {number} [seed]
 * @returns {() => number} from 0 up to, not including, 1 (mulberry32).
 */
export function createRandom(seed = SEED) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * @template T
 * @param {readonly T[]} values
 * @param {() => number} random
 * @returns {T[]} in random order.
 */
export function shuffle(values, random) {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}

/**
 * How slow the machine was in each round, 1 in the faster quarter of them. In a round in which the machine is slow, every
 * contender costs more by the same factor: that factor is the median over the contenders of what each cost in this round,
 * relative to its own median (Tukey's median polish). Whoever collected its whole heap in a round says nothing about the machine.
 *
 * @param {readonly Costs[]} all Of contenders that ran side by side. One may have fewer rounds than another, the first ones.
 * @returns {number[]}
 */
export function slownessOf(all) {
  const rounds = Math.max(0, ...all.map(({ cpu }) => cpu.length))
  const telling = all.map(({ cpu, isMajor }) => {
    const isTelling = cpu.map((_, round) => !isMajor[round])
    return isTelling.includes(true) ? cpu.map((each, round) => (isTelling[round] ? each : undefined)) : cpu
  })
  let slowness = Array.from({ length: rounds }, () => 1)
  for (let pass = 0; pass < POLISHES; pass++) {
    const typical = telling.map((cpu) => median(present(cpu.map((each, round) => over(each, slowness[round])))))
    slowness = slowness.map((before, round) => {
      const relative = present(telling.map((cpu, index) => over(cpu[round], typical[index])))
      return relative.length === 0 ? before : median(relative)
    })
  }
  const fast = quantile(slowness, 0.25)
  return slowness.map((each) => each / fast)
}

/** @param {number | undefined} part @param {number | undefined} whole */
function over(part, whole = Number.NaN) {
  return part === undefined ? undefined : part / whole
}

/** @param {readonly (number | undefined)[]} values @returns {number[]} */
function present(values) {
  return values.filter((value) => value !== undefined)
}

/**
 * The typical round. Rounds in which the whole heap was collected are rare and cost more, so a median would leave them out: they
 * have their own median, and count as often as they happened.
 *
 * @param {Costs} costs
 * @param {readonly number[]} rounds Which ones, each as often as it is in here.
 */
export function typicalOf({ cpu, isMajor }, rounds) {
  /** @type {number[]} */
  const without = []
  /** @type {number[]} */
  const withMajor = []
  for (const round of rounds) (isMajor[round] ? withMajor : without).push(cpu[round] ?? Number.NaN)
  if (withMajor.length === 0) return median(without)
  if (without.length === 0) return median(withMajor)
  return (median(without) * without.length + median(withMajor) * withMajor.length) / rounds.length
}

/**
 * The typical round of each contender at the machine's faster speed, and the same a thousand times for rounds drawn at random from
 * those that were measured (bootstrap). Contenders with equally many rounds get the same draw, so what they have in common cancels.
 *
 * @param {ReadonlyMap<string, Costs>} all
 * @returns {Map<string, number[]>} by contender: first the estimate, then one for each draw.
 */
export function drawsOf(all) {
  const slowness = slownessOf([...all.values()])
  const even = Array.from(all, ([name, { cpu, isMajor }]) => {
    return { name, isMajor, cpu: cpu.map((each, round) => each / (slowness[round] ?? 1)) }
  })
  const random = createRandom()
  const lengths = new Set(even.map(({ cpu }) => cpu.length))
  /** @type {Map<string, number[]>} */
  const draws = new Map(even.map(({ name }) => [name, []]))
  for (let draw = 0; draw <= RESAMPLES; draw++) {
    const chosen = new Map(Array.from(lengths, (length) => [length, draw === 0 ? upTo(length) : pick(length, random)]))
    for (const { name, ...costs } of even) draws.get(name)?.push(typicalOf(costs, chosen.get(costs.cpu.length) ?? []))
  }
  return draws
}

/** @param {number} length */
function upTo(length) {
  return Array.from({ length }, (_, index) => index)
}

/** @param {number} length @param {() => number} random */
function pick(length, random) {
  return Array.from({ length }, () => Math.floor(random() * length))
}

/**
 * A draw from few rounds varies too little, as Student's t says, so the interval is widened for them.
 *
 * @param {readonly number[]} draws The estimate, then one for each draw.
 * @param {number} rounds
 * @returns {Interval}
 */
export function intervalOf([value = Number.NaN, ...draws], rounds) {
  const sorted = Float64Array.from(draws).sort()
  const at = (/** @type {number} */ share) => sorted[Math.round((sorted.length - 1) * share)] ?? value
  const [low, high] = [Math.min(value, at(TAIL)), Math.max(value, at(1 - TAIL))]
  if (!Number.isFinite(value)) return { value, low, high }
  const wider = 1 + 2 / rounds
  return { value, low: value - (value - low) * wider, high: value + (high - value) * wider }
}

/**
 * What costs nothing is no multiple of anything, and what costs something is more than any multiple of nothing.
 *
 * @param {number} part
 * @param {number} whole
 */
export function ratioOf(part, whole) {
  if (part <= 0) return 0
  return whole <= 0 ? Number.POSITIVE_INFINITY : part / whole
}
