import { showInterval } from '../budgets.mjs'
import { conditions, table } from '../page.mjs'
import { SCENARIOS } from '../settings.mjs'
import { drawsOf, intervalOf } from '../statistics.mjs'
import { DEFAULTS } from './targets.mjs'

/**
 * @typedef {object} GuardCosts
 * @property {string} at
 * @property {ReturnType<typeof import('../machine.mjs').describeMachine>} machine
 * @property {Record<string, Record<import('../settings.mjs').Scenario, number[]>>} costs By target: µs a request in each round.
 */

/** @param {GuardCosts} costs */
export function renderGuards({ at, machine, costs }) {
  const cells = SCENARIOS.map((scenario) => columnOf(costs, scenario))
  const rows = Object.keys(costs).map((name) => [name, ...cells.map((column) => column.get(name) ?? '')])
  return [conditions({ at, machine }), table(['guards', 'read', 'write', 'login'], rows)].join('\n\n')
}

/**
 * @param {GuardCosts['costs']} costs
 * @param {import('../settings.mjs').Scenario} scenario
 */
function columnOf(costs, scenario) {
  const draws = drawsOf(
    new Map(Object.entries(costs).map(([name, { [scenario]: cpu }]) => [name, { cpu, isMajor: cpu.map(() => false) }])),
  )
  const base = draws.get(DEFAULTS) ?? []
  const rounds = costs[DEFAULTS]?.[scenario].length ?? 0
  return new Map(
    Array.from(draws, ([name, own]) => {
      const isBase = name === DEFAULTS
      const figures = isBase ? own : own.map((us, draw) => us - (base[draw] ?? Number.NaN))
      const text = showInterval(intervalOf(figures, rounds), 'µs')
      return [name, isBase || text.startsWith('-') ? text : `+${text}`]
    }),
  )
}
