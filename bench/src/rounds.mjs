import { setTimeout as sleep } from 'node:timers/promises'
import { CONNECTIONS, SCENARIOS } from './settings.mjs'

/**
 * @typedef {object} Row One measurement, as it was taken.
 * @property {number} round
 * @property {import('./settings.mjs').Scenario} scenario
 * @property {string} contender
 * @property {number} requests
 * @property {number} ms
 * @property {number} cpuUs CPU of the server process, user and system, all threads.
 */

const WARM_REQUESTS = 2_000
const ROTATION_MS = 10_000
/** For what a store still does after it has answered. */
const SETTLE_MS = 20
const NO_LIMIT = 1_000_000

/**
 * Round robin, odd rounds in reverse, each scenario on its own, so that what is compared runs within seconds.
 *
 * @param {import('./child.mjs').Child} load
 * @param {readonly import('./fleet.mjs').Member[]} fleet
 * @param {import('./settings.mjs').Settings} settings
 * @param {(text: string) => void} say
 * @returns {Promise<Row[]>}
 */
export async function runRounds(load, fleet, settings, say) {
  const rows = []
  for (let round = 0; round < settings.rounds; round++) {
    const order = round % 2 === 0 ? fleet : [...fleet].reverse()
    for (const scenario of SCENARIOS) {
      say(`round ${round + 1} of ${settings.rounds}: ${scenario}`)
      for (const member of order) rows.push({ round, ...(await measure(load, member, scenario, settings)) })
    }
  }
  return rows
}

/**
 * @param {import('./child.mjs').Child} load
 * @param {import('./fleet.mjs').Member} member
 * @param {import('./settings.mjs').Scenario} scenario
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<Omit<Row, 'round'>>}
 */
async function measure(load, { contender, server, port }, scenario, settings) {
  const { name, asked } = contender
  const job = { contender: name, port, path: `/${scenario}`, connections: CONNECTIONS, ...(asked && { asked }) }
  await load.call({ ...job, ...warmUp(contender, scenario, settings) })

  const before = await server.call('cpu')
  const limit = scenario === 'new' ? settings.newSessions : NO_LIMIT
  const { requests, failures, ms } = await load.call({ ...job, requests: limit, ms: settings.ms })
  await sleep(SETTLE_MS)
  const cpuUs = (await server.call('cpu')) - before
  if (failures > 0) throw new Error(`${contender.name} failed ${failures} of ${requests} requests to ${job.path}.`)
  return { scenario, contender: contender.name, requests, ms, cpuUs }
}

/**
 * A session of ours that was not seen for a minute is touched by its next read: once round all of them first, so that reads are
 * measured as reads.
 *
 * @param {import('./contenders.mjs').Contender} contender
 * @param {import('./settings.mjs').Scenario} scenario
 * @param {import('./settings.mjs').Settings} settings
 */
function warmUp({ kind }, scenario, { sessions, warmMs }) {
  if (kind === 'sojourn' && scenario === 'read') return { requests: sessions, ms: ROTATION_MS }
  return { requests: WARM_REQUESTS, ms: warmMs }
}
