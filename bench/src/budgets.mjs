import { PARALLEL } from './races.mjs'
import { summarise, timesBound } from './summary.mjs'

/**
 * @typedef {import('./results.mjs').Results} Results
 * @typedef {import('./contenders.mjs').Contender} Contender
 *
 * @typedef {object} Verdict One line of the budget table.
 * @property {string} what
 * @property {string} budget
 * @property {string} measured
 * @property {boolean} met
 * @property {string} verdict `met`, or by how much not.
 */

const MEMORY_READ_US = { node: 5, express: 8, fastify: 5, hono: 5 }
const MAP_TIMES = 2
/** Of the bound with the same client. @type {Partial<Record<Contender['store'], number>>} */
const READ_TIMES = { lmdb: 1.5, redis: 1.3, ioredis: 1.3, postgres: 1.3 }
const CHANGE_TIMES = 1.3
const BUNDLE_BYTES = { node: 8_000, portable: 12_000 }

/**
 * The budgets of the design that can be judged from what was measured.
 *
 * @param {Results} results
 * @returns {Verdict[]}
 */
export function judge(results) {
  return [...judgeReads(results), ...judgeChanges(results), ...judgeRaces(results), ...judgeBundle(results)]
}

/**
 * @param {string} what
 * @param {string} unit
 * @param {number} limit
 * @param {number} measured
 * @returns {Verdict}
 */
function atMost(what, unit, limit, measured) {
  const show = (/** @type {number} */ value) => `${value.toFixed(1)} ${unit}`
  const budget = `at most ${show(limit)}`
  // No session costs less than none.
  if (!(measured > 0)) return { what, budget, measured: '', met: false, verdict: 'not measurable: too noisy' }
  const met = measured <= limit
  return { what, budget, measured: show(measured), met, verdict: met ? 'met' : `missed by ${show(measured - limit)}` }
}

/** @param {Results} results */
function judgeReads({ rows }) {
  const reads = summarise(rows, 'read')
  return [...reads.values()].flatMap((summary) => {
    const { kind, store, framework } = summary.contender
    const times = timesBound(reads, summary)
    if (kind !== 'sojourn' || times === null) return []
    const where = `read, ${store}, ${framework}`
    const limit = READ_TIMES[store]
    if (limit !== undefined) return [atMost(`${where}: times the bound`, '×', limit, times)]
    const added = atMost(`${where}: added CPU`, 'µs', MEMORY_READ_US[framework], summary.added.median)
    return framework === 'express' ? [added] : [added, atMost(`${where}: times the Map bound`, '×', MAP_TIMES, times)]
  })
}

/** @param {Results} results */
function judgeChanges({ rows }) {
  return /** @type {const} */ (['write', 'new']).flatMap((scenario) => {
    const summaries = summarise(rows, scenario)
    return [...summaries.values()].flatMap((summary) => {
      const { store, framework } = summary.contender
      const times = timesBound(summaries, summary)
      return times === null
        ? []
        : [atMost(`${scenario}, ${store}, ${framework}: times the bound`, '×', CHANGE_TIMES, times)]
    })
  })
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
        met: least === PARALLEL,
        verdict: least === PARALLEL ? 'met' : `missed: ${PARALLEL - least} lost`,
      },
      {
        what: `logout race, ${contender}`,
        budget: 'stays logged out',
        measured: back ? 'logged in again' : 'stays logged out',
        met: !back,
        verdict: back ? 'missed' : 'met',
      },
    ]
  })
}

/** @param {Results} results @returns {Verdict[]} */
function judgeBundle({ bundle }) {
  return /** @type {const} */ (['node', 'portable']).map((platform) =>
    atMost(`bundle, ${platform}, gzipped`, 'kB', BUNDLE_BYTES[platform] / 1000, bundle[platform].gzipped / 1000),
  )
}
