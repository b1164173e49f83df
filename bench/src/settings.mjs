import { parseArgs } from 'node:util'

export const SCENARIOS = /** @type {const} */ (['read', 'write', 'new'])
export const CONNECTIONS = 32

/** @typedef {(typeof SCENARIOS)[number]} Scenario */

/**
 * @typedef {object} Settings
 * @property {boolean} quick
 * @property {string | null} only
 * @property {boolean} render Only writes the README again from the last full run.
 * @property {number} rounds
 * @property {number} sessions Stored beforehand and asked in turn.
 * @property {number} ms How long each measurement lasts.
 * @property {number} warmMs How long, at most, it is warmed up before.
 * @property {number} newSessions At most so many in one measurement, for they stay in memory.
 */

const FULL = { rounds: 7, sessions: 10_000, ms: 600, newSessions: 8_000, warmMs: 700 }
const QUICK = { rounds: 3, sessions: 2_000, ms: 300, newSessions: 3_000, warmMs: 200 }
/** With more, our memory store, which keeps 100 000 sessions at its defaults, would begin to drop those that are read. */
const MAX_ROUNDS = 8

/**
 * @param {string[]} args
 * @returns {Settings}
 */
export function settingsOf(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      render: { type: 'boolean', default: false },
    },
  })
  const base = values.quick ? QUICK : FULL
  const rounds = Number(values.rounds ?? base.rounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new Error(`--rounds must be a whole number from 1 to ${MAX_ROUNDS}.`)
  }
  return { ...base, quick: values.quick, only: values.only ?? null, render: values.render, rounds }
}
