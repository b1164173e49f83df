import { conditions, table } from './page.mjs'

/**
 * @typedef {object} Outcome What came of one scenario; packages/sojourn/test/faults/suffer.ts says what each is.
 * @property {string} store
 * @property {string} fault
 * @property {number} clients
 * @property {number} requests
 * @property {number} sessions
 * @property {Readonly<Record<string, number>>} failures
 * @property {number} struckForMs
 * @property {number} recoveredMs
 * @property {number} allowedLosses
 * @property {Readonly<Record<string, number>>} violations
 * @property {readonly string[]} unexpected
 * @property {number} seed
 *
 * @typedef {{ at: string, machine: ReturnType<typeof import('./machine.mjs').describeMachine>, outcomes: Outcome[] }} Faults
 */

const RECOVERED_MS = 5_000

/** @param {Faults} faults */
export function renderFaults({ at, machine, outcomes }) {
  const lines = outcomes.map((outcome) => [
    outcome.store,
    outcome.fault,
    `${outcome.requests} of ${outcome.sessions} sessions`,
    countsOf(outcome.failures) || 'none',
    brokenPromises(outcome) || 'none',
    outcome.allowedLosses === 0 ? 'none' : `${outcome.allowedLosses} sessions`,
    `${(outcome.recoveredMs / 1000).toFixed(1)} s${outcome.recoveredMs > RECOVERED_MS ? ' **(late)**' : ''}`,
  ])
  const head = [
    'store',
    'what happens',
    'requests answered',
    'failed',
    'broken promises',
    'lost in failover',
    'back after',
  ]
  return `${conditions({ at, machine })}\n\n${table(head, lines)}`
}

/** @param {Outcome} outcome What no order of calls explains, and what no client may ever see. */
function brokenPromises({ violations, unexpected }) {
  return [countsOf(violations), ...unexpected].filter((each) => each !== '').join('; ')
}

/** @param {Readonly<Record<string, number>>} counts */
function countsOf(counts) {
  return Object.entries(counts)
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ')
}
