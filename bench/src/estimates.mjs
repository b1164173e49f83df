import { contenderNamed, storeFamily } from './contenders.mjs'
import { drawsOf, intervalOf, median, quantile, ratioOf, slownessOf } from './statistics.mjs'

/**
 * @typedef {import('./contenders.mjs').Contender} Contender
 * @typedef {import('./statistics.mjs').Interval} Interval
 *
 * @typedef {object} Series What was measured of one contender in one scenario: each list has a figure for each round.
 * @property {string} contender
 * @property {import('./settings.mjs').Scenario} scenario
 * @property {number[]} requests
 * @property {number[]} ms
 * @property {number[]} cpuUs CPU of the server process, user and system, all threads.
 * @property {number[]} majors How often it collected its whole heap.
 * @property {number[]} steal The share of the round in which the machine's host ran something else.
 *
 * @typedef {object} Estimate What one contender costs in one scenario.
 * @property {Contender} contender
 * @property {number} rounds
 * @property {Interval} cpu µs a request.
 * @property {Interval} added µs a request, over the bare server of the same framework.
 * @property {Interval | null} timesBound How many times what the hand-written bound adds. `null`: there is no such bound.
 * @property {Interval | null} timesPeer How many times what the best comparable peer adds. `null`: there is no such peer.
 * @property {readonly string[]} peers Which ones that is the best of.
 * @property {number} rps Requests a second. On a small machine the load limits this, not the server.
 */

/** In a round with more, figures depend on what the host does. */
const MAX_STEAL = 0.05

/**
 * @param {readonly Series[]} series Of one framework and one scenario: what ran side by side.
 * @returns {Map<string, Estimate>} by contender.
 */
export function estimate(series) {
  const steady = withoutStolen(series)
  const draws = drawsOf(costsOf(steady))
  return new Map(steady.map((each) => [each.contender, estimateOne(each, draws)]))
}

/**
 * @param {readonly Series[]} series
 * @param {import('./settings.mjs').Scenario} scenario
 * @returns {Series[][]} what ran side by side: one list for each framework.
 */
export function groupsOf(series, scenario) {
  const frameworkOf = (/** @type {Series} */ each) => contenderNamed(each.contender).framework
  const own = series.filter((each) => each.scenario === scenario)
  return Array.from(new Set(own.map(frameworkOf)), (framework) => own.filter((each) => frameworkOf(each) === framework))
}

/**
 * @param {readonly Series[]} series
 * @param {import('./settings.mjs').Scenario} scenario
 * @returns {Estimate[]}
 */
export function estimateAll(series, scenario) {
  return groupsOf(series, scenario).flatMap((group) => [...estimate(group).values()])
}

/**
 * How many times slower the machine was in its slower rounds than in its faster ones: the 95th percentile over the 5th.
 *
 * @param {readonly Series[]} series Of one framework and one scenario.
 */
export function unsteadinessOf(series) {
  const slowness = slownessOf([...costsOf(series).values()])
  return quantile(slowness, 0.95) / quantile(slowness, 0.05)
}

/** @param {readonly Series[]} series */
function costsOf(series) {
  return new Map(
    series.map(({ contender, cpuUs, requests, majors }) => [
      contender,
      {
        cpu: cpuUs.map((us, round) => us / (requests[round] ?? Number.NaN)),
        isMajor: majors.map((count) => count > 0),
      },
    ]),
  )
}

/**
 * Leaves out the rounds that the host disturbed, unless these are most of them.
 *
 * @param {readonly Series[]} series Of one framework and one scenario.
 * @returns {readonly Series[]}
 */
export function withoutStolen(series) {
  const steal = series.map((each) => each.steal).reduce((a, b) => (b.length > a.length ? b : a), [])
  const isGood = steal.map((share) => share <= MAX_STEAL)
  if (isGood.filter(Boolean).length < isGood.length / 2) return series
  const keep = (/** @type {number[]} */ figures) => figures.filter((_, round) => isGood[round])
  return series.map((each) => ({
    ...each,
    requests: keep(each.requests),
    ms: keep(each.ms),
    cpuUs: keep(each.cpuUs),
    majors: keep(each.majors),
    steal: keep(each.steal),
  }))
}

/**
 * @param {Series} series
 * @param {ReadonlyMap<string, number[]>} draws
 * @returns {Estimate}
 */
function estimateOne({ contender: name, requests, ms }, draws) {
  const contender = contenderNamed(name)
  const of = (/** @type {string} */ other) => draws.get(other)
  const own = of(name) ?? []
  const bare = of(`${contender.framework}-bare`) ?? own.map(() => Number.NaN)
  const addedBy = (/** @type {readonly number[]} */ cpu) => cpu.map((each, draw) => each - (bare[draw] ?? Number.NaN))
  const added = addedBy(own)
  const bound = of(boundOf(contender) ?? '')
  const peers = peersOf(contender, [...draws.keys()])
  const peerCosts = peers.map((peer) => addedBy(of(peer) ?? []))
  const best = added.map((_, draw) => Math.min(...peerCosts.map((costs) => costs[draw] ?? Number.NaN)))
  const rounds = requests.length
  const timesOf = (/** @type {readonly number[]} */ other) => {
    const times = intervalOf(
      added.map((each, draw) => ratioOf(each, other[draw] ?? Number.NaN)),
      rounds,
    )
    return { ...times, low: Math.max(0, times.low) }
  }
  return {
    contender,
    rounds,
    cpu: intervalOf(own, rounds),
    added: intervalOf(added, rounds),
    timesBound: bound === undefined ? null : timesOf(addedBy(bound)),
    timesPeer: peers.length === 0 ? null : timesOf(best),
    peers,
    rps: median(requests.map((count, round) => (count / (ms[round] ?? Number.NaN)) * 1000)),
  }
}

/**
 * The least that it could cost with the same framework and the same store. What a near cache answers is in a Map.
 *
 * @param {Contender} contender
 * @returns {string | null}
 */
export function boundOf({ kind, framework, store }) {
  if (kind !== 'sojourn') return null
  return `${framework}-lb-${store === 'memory' || store === 'near-cache' ? 'map' : store}`
}

/**
 * The peers on the same framework that keep sessions on the server, in the same kind of store if there are such.
 *
 * @param {Contender} contender
 * @param {readonly string[]} names What was measured.
 * @returns {string[]}
 */
export function peersOf({ kind, framework, store }, names) {
  if (kind !== 'sojourn') return []
  const peers = names
    .map(contenderNamed)
    .filter((peer) => peer.kind === 'peer' && peer.framework === framework && peer.store !== 'cookie')
  const alike = peers.filter((peer) => storeFamily(peer.store) === storeFamily(store))
  return (alike.length > 0 ? alike : peers).map(({ name }) => name)
}
