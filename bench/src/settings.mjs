import { parseArgs } from 'node:util'

export const SCENARIOS = /** @type {const} */ (['read', 'write', 'new'])
export const CONNECTIONS = 32

/** @typedef {(typeof SCENARIOS)[number]} Scenario */

/**
 * @typedef {object} Settings
 * @property {boolean} quick
 * @property {string | null} only
 * @property {boolean} render Only writes the README again from the last full run.
 * @property {{ contender: string, scenario: Scenario } | null} profile Only profiles this one.
 * @property {number} minRounds Before anything is decided.
 * @property {number} maxRounds
 * @property {number} sessions Stored beforehand and requested in turn.
 * @property {number} visitMs How much CPU a contender's server uses, about, in each half of a round.
 * @property {number} newSessions At most so many in each half, because they stay in memory.
 * @property {number} patienceMs How long a scenario may take, for each of its contenders.
 * @property {number} profileMs How long a contender is profiled.
 */

const FULL = {
  minRounds: 10,
  maxRounds: 40,
  sessions: 10_000,
  visitMs: 80,
  newSessions: 900,
  patienceMs: 2_500,
  profileMs: 400,
}
const QUICK = {
  minRounds: 4,
  maxRounds: 8,
  sessions: 2_000,
  visitMs: 60,
  newSessions: 900,
  patienceMs: 1_500,
  profileMs: 300,
}
/** With more, our memory store would begin to drop the sessions that are read. */
const MAX_ROUNDS = 45

/**
 * @param {string[]} args
 * @returns {Settings}
 */
export function settingsOf(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      render: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  })
  const base = values.quick ? QUICK : FULL
  const maxRounds = Number(values.rounds ?? base.maxRounds)
  if (!Number.isInteger(maxRounds) || maxRounds < 1 || maxRounds > MAX_ROUNDS) {
    throw new Error(`--rounds must be a whole number from 1 to ${MAX_ROUNDS}.`)
  }
  return {
    ...base,
    quick: values.quick,
    only: values.only ?? null,
    render: values.render,
    profile: values.profile === undefined ? null : { contender: values.profile, scenario: scenarioOf(positionals[0]) },
    minRounds: Math.min(base.minRounds, maxRounds),
    maxRounds,
  }
}

/** @param {string | undefined} text @returns {Scenario} */
function scenarioOf(text = 'read') {
  const found = SCENARIOS.find((scenario) => scenario === text)
  if (found === undefined) throw new Error(`No scenario '${text}'. There are ${SCENARIOS.join(', ')}.`)
  return found
}
