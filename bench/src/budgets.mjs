import { estimateAll } from './estimates.mjs'
import { PARALLEL } from './races.mjs'
import { SCENARIOS } from './settings.mjs'

/**
 * @typedef {import('./results.mjs').Results} Results
 * @typedef {import('./contenders.mjs').Contender} Contender
 * @typedef {import('./estimates.mjs').Estimate} Estimate
 * @typedef {import('./settings.mjs').Scenario} Scenario
 *
 * @typedef {object} Budget What one figure of a contender may be at most.
 * @property {string} what
 * @property {string} unit
 * @property {number} limit
 * @property {import('./statistics.mjs').Interval} figure
 *
 * @typedef {object} Verdict One line of the budget table.
 * @property {string} what
 * @property {string} budget
 * @property {string} measured
 * @property {Outcome} outcome
 * @property {string} verdict `met`, by how much it was missed, or between which figures the truth is.
 *
 * @typedef {'met' | 'missed' | 'undecided'} Outcome `undecided`: the budget is inside the confidence interval.
 */

const MEMORY_READ_US = { node: 5, express: 8, fastify: 5, hono: 5 }
const MAP_TIMES = 2
/** Of the bound with the same client. @type {Partial<Record<Contender['store'], number>>} */
const READ_TIMES = { lmdb: 1.5, redis: 1.3, ioredis: 1.3, postgres: 1.3 }
const CHANGE_TIMES = 1.3
/** At least twice as cheap. */
const PEER_TIMES = 0.5
const BUNDLE_KB = 20

/**
 * The budgets of the design that can be judged from what was measured.
 *
 * @param {Results} results
 * @returns {Verdict[]}
 */
export function judge(results) {
  const costs = SCENARIOS.flatMap((scenario) => judgeScenario(results.series, scenario))
  return [...costs, ...judgeRaces(results), judgeBundle(results)]
}

/**
 * @param {Results['series']} series
 * @param {Scenario} scenario
 */
function judgeScenario(series, scenario) {
  return estimateAll(series, scenario)
    .flatMap((each) => budgetsOf(each, scenario))
    .map(toVerdict)
}

/**
 * @param {Estimate} estimate
 * @param {Scenario} scenario
 * @returns {Budget[]}
 */
export function budgetsOf(estimate, scenario) {
  const { contender, timesPeer, peers } = estimate
  if (contender.kind !== 'sojourn') return []
  const where = `${scenario}, ${contender.store}, ${contender.framework}`
  const own = scenario === 'read' ? readBudgets(estimate, where) : changeBudgets(estimate, where)
  if (timesPeer === null) return own
  const best = peers.length === 1 ? peers[0] : `the best of ${peers.join(', ')}`
  return [...own, { what: `${where}: of what ${best} adds`, unit: '×', limit: PEER_TIMES, figure: timesPeer }]
}

/**
 * @param {Estimate} estimate
 * @param {string} where
 * @returns {Budget[]}
 */
function readBudgets({ contender, added, timesBound }, where) {
  const { store, framework } = contender
  const limit = READ_TIMES[store]
  if (limit !== undefined) return timesTheBound(`${where}: times the bound`, limit, timesBound)
  const cpu = { what: `${where}: added CPU`, unit: 'µs', limit: MEMORY_READ_US[framework], figure: added }
  const times = timesTheBound(`${where}: times the Map bound`, MAP_TIMES, timesBound)
  return framework === 'express' ? [cpu] : [cpu, ...times]
}

/**
 * @param {Estimate} estimate
 * @param {string} where
 */
function changeBudgets({ timesBound }, where) {
  return timesTheBound(`${where}: times the bound`, CHANGE_TIMES, timesBound)
}

/**
 * @param {string} what
 * @param {number} limit
 * @param {Estimate['timesBound']} figure
 * @returns {Budget[]}
 */
function timesTheBound(what, limit, figure) {
  return figure === null ? [] : [{ what, unit: '×', limit, figure }]
}

/** @param {Budget} budget @returns {Outcome} */
export function outcomeOf({ limit, figure }) {
  if (figure.high <= limit) return 'met'
  return figure.low > limit ? 'missed' : 'undecided'
}

/**
 * @param {Estimate} estimate
 * @param {Scenario} scenario
 */
export function isDecided(estimate, scenario) {
  return budgetsOf(estimate, scenario).every((budget) => outcomeOf(budget) !== 'undecided')
}

/** @param {Budget} budget @returns {Verdict} */
export function toVerdict(budget) {
  const { what, unit, limit, figure } = budget
  const outcome = outcomeOf(budget)
  const show = (/** @type {number} */ value) => showFigure(value, unit)
  const verdicts = {
    met: 'met',
    missed: Number.isFinite(figure.value) ? `missed by ${show(figure.value - limit)} ${unit}` : 'missed',
    undecided: Number.isFinite(figure.high)
      ? `between ${show(figure.low)} and ${show(figure.high)} ${unit}`
      : `at least ${show(figure.low)} ${unit}`,
  }
  return {
    what,
    budget: `at most ${showFigure(limit, unit)} ${unit}`,
    measured: `${showInterval(figure, unit)} ${unit}`,
    outcome,
    verdict: verdicts[outcome],
  }
}

/** @param {number} value @param {string} unit */
function showFigure(value, unit) {
  return Number.isFinite(value) ? value.toFixed(unit === '×' ? 2 : 1) : '∞'
}

/**
 * @param {import('./statistics.mjs').Interval} interval
 * @param {string} unit
 */
export function showInterval({ value, low, high }, unit) {
  if (!Number.isFinite(value)) return `more than ${showFigure(low, unit)}`
  return `${showFigure(value, unit)} (${showFigure(low, unit)}–${showFigure(high, unit)})`
}

/** @param {Results} results @returns {Verdict[]} */
function judgeRaces({ races }) {
  const mine = races.filter(({ contender }) => contender.includes('sojourn'))
  return mine.flatMap(({ contender, kept, keptWithWork, reading, writing }) => {
    const least = Math.min(...kept, ...keptWithWork)
    const back = [reading, writing].flatMap((race) => Object.values(race)).some(Boolean)
    return [
      {
        what: `lost updates, ${contender}`,
        budget: `${PARALLEL} keys survive`,
        measured: `${least}`,
        outcome: least === PARALLEL ? 'met' : 'missed',
        verdict: least === PARALLEL ? 'met' : `missed: ${PARALLEL - least} lost`,
      },
      {
        what: `logout race, ${contender}`,
        budget: 'stays logged out',
        measured: back ? 'logged in again' : 'stays logged out',
        outcome: back ? 'missed' : 'met',
        verdict: back ? 'missed' : 'met',
      },
    ]
  })
}

/** @param {Results} results @returns {Verdict} */
function judgeBundle({ bundle }) {
  const kB = bundle.createSessions.gzipped / 1000
  const isMet = kB <= BUNDLE_KB
  return {
    what: 'bundle of `createSessions` for Node, minified and gzipped',
    budget: `at most ${BUNDLE_KB} kB`,
    measured: `${kB.toFixed(1)} kB`,
    outcome: isMet ? 'met' : 'missed',
    verdict: isMet ? 'met' : `missed by ${(kB - BUNDLE_KB).toFixed(1)} kB`,
  }
}
