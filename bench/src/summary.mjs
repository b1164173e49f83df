import { contenderNamed } from './contenders.mjs'
import { SCENARIOS } from './settings.mjs'

/**
 * @typedef {{ median: number, min: number, max: number }} Spread Over the rounds.
 *
 * @typedef {object} Summary What one contender cost in one scenario.
 * @property {import('./contenders.mjs').Contender} contender
 * @property {Spread} cpu µs a request.
 * @property {Spread} added µs a request, over the bare server of the same framework in the same round.
 * @property {Spread} ratio The bare server's CPU over this one's, same round: 1 when sessions cost nothing.
 * @property {Spread} rps Requests a second; on a busy or small machine the load sets this, not the server.
 */

/** @param {readonly number[]} values @returns {Spread} */
export function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (/** @type {number} */ index) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) }
}

/** @param {import('./rounds.mjs').Row} row */
function cpuOf(row) {
  return row.cpuUs / row.requests
}

/**
 * @param {readonly import('./rounds.mjs').Row[]} rows
 * @param {import('./settings.mjs').Scenario} scenario
 * @returns {Map<string, Summary>} by contender.
 */
export function summarise(rows, scenario) {
  const ofScenario = rows.filter((row) => row.scenario === scenario)
  const names = new Set(ofScenario.map((row) => row.contender))
  return new Map(Array.from(names, (name) => [name, summaryOf(name, ofScenario)]))
}

/**
 * @param {string} name
 * @param {readonly import('./rounds.mjs').Row[]} rows of one scenario
 * @returns {Summary}
 */
function summaryOf(name, rows) {
  const contender = contenderNamed(name)
  const mine = rows.filter((row) => row.contender === name)
  const bare = new Map(
    rows.filter((row) => row.contender === `${contender.framework}-bare`).map((row) => [row.round, cpuOf(row)]),
  )
  const bareOf = (/** @type {import('./rounds.mjs').Row} */ row) => bare.get(row.round) ?? Number.NaN
  return {
    contender,
    cpu: spreadOf(mine.map(cpuOf)),
    added: spreadOf(mine.map((row) => cpuOf(row) - bareOf(row))),
    ratio: spreadOf(mine.map((row) => bareOf(row) / cpuOf(row))),
    rps: spreadOf(mine.map((row) => (row.requests / row.ms) * 1000)),
  }
}

/**
 * How many times the added cost of the hand-written bound with the same framework and store: the ratio of both medians,
 * for a bound of a few µs makes the ratios of single rounds jump.
 *
 * @param {ReadonlyMap<string, Summary>} summaries
 * @param {Summary} summary
 * @returns {number | null} `null` where there is no such bound; `NaN` when noise hid what it adds.
 */
export function timesBound(summaries, { contender, added }) {
  const { kind, framework, store } = contender
  const by = store === 'memory' || store === 'near-cache' ? 'map' : store
  const bound = kind === 'sojourn' ? summaries.get(`${framework}-lb-${by}`) : undefined
  if (bound === undefined) return null
  return bound.added.median > 0 ? added.median / bound.added.median : Number.NaN
}

/**
 * How much the bare servers' CPU a request swung over the rounds, at worst: what a quiet machine keeps below 1.2.
 *
 * @param {readonly import('./rounds.mjs').Row[]} rows
 */
export function noiseOf(rows) {
  const swings = SCENARIOS.flatMap((scenario) =>
    [...summarise(rows, scenario).values()].filter(({ contender }) => contender.kind === 'bare'),
  ).map(({ cpu }) => cpu.max / cpu.min)
  return Math.max(...swings)
}
