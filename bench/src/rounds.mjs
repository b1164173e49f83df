import { setTimeout as sleep } from 'node:timers/promises'
import { isDecided } from './budgets.mjs'
import { boundOf, estimate, peersOf } from './estimates.mjs'
import { createStealMeter } from './machine.mjs'
import { CONNECTIONS } from './settings.mjs'
import { createRandom, shuffle } from './statistics.mjs'
import { warmUp } from './warm-up.mjs'

/**
 * @typedef {import('./estimates.mjs').Series} Series
 * @typedef {import('./fleet.mjs').Member} Member
 * @typedef {import('./settings.mjs').Scenario} Scenario
 * @typedef {import('./settings.mjs').Settings} Settings
 * @typedef {{ requests: number, ms: number, cpuUs: number, majors: number }} Visit
 * @typedef {Member & { requests: number }} Runner `requests` in each visit: as much work on a slow machine as on a fast one.
 */

/** Fills the caches of the processor, and the near cache, after the others had their turn. */
const WARM_REQUESTS = 400
/** To find how many requests a visit is made of. */
const TRIAL_REQUESTS = 2_000
const PATIENCE_MS = 10_000
/** For what a server still does after it has answered. */
const SETTLE_MS = 5

/**
 * Rounds in which everybody runs twice: in random order, then in the reverse of it, so that whatever the machine does steadily
 * cancels. A contender leaves when no budget needs it any longer. This ends when all have left, after the last round, or when
 * the time is over.
 *
 * @param {import('./child.mjs').Child} load
 * @param {readonly Member[]} fleet The contenders of one framework.
 * @param {Scenario} scenario
 * @param {Settings} settings
 * @returns {Promise<Series[]>}
 */
export async function runRounds(load, fleet, scenario, settings) {
  const series = new Map(fleet.map(({ contender }) => [contender.name, emptySeries(contender.name, scenario)]))
  const random = createRandom()
  const until = performance.now() + settings.patienceMs * fleet.length
  /** @type {Runner[]} */
  let active = []
  for (const member of fleet) active.push(await startRunner(load, member, scenario, settings))
  for (let round = 1; active.length > 0 && round <= settings.maxRounds; round++) {
    if (round > settings.minRounds && performance.now() > until) break
    await runRound(load, shuffle(active, random), scenario, series)
    if (round < settings.minRounds) continue
    const needed = neededNames([...series.values()])
    active = active.filter(({ contender }) => needed.has(contender.name))
  }
  return [...series.values()]
}

/**
 * @param {string} contender
 * @param {Scenario} scenario
 * @returns {Series}
 */
function emptySeries(contender, scenario) {
  return { contender, scenario, requests: [], ms: [], cpuUs: [], majors: [], steal: [] }
}

/**
 * The contenders that an undecided budget compares.
 *
 * @param {readonly Series[]} series
 * @returns {Set<string>}
 */
export function neededNames(series) {
  const names = series.map(({ contender }) => contender)
  const scenario = series[0]?.scenario ?? 'read'
  const undecided = [...estimate(series).values()].filter((each) => !isDecided(each, scenario))
  return new Set(
    undecided.flatMap(({ contender }) => [
      contender.name,
      `${contender.framework}-bare`,
      boundOf(contender) ?? '',
      ...peersOf(contender, names),
    ]),
  )
}

/**
 * @param {import('./child.mjs').Child} load
 * @param {readonly Runner[]} order
 * @param {Scenario} scenario
 * @param {ReadonlyMap<string, Series>} series What this round is added to.
 */
async function runRound(load, order, scenario, series) {
  const stolen = createStealMeter()
  /** @type {Map<string, Visit>} */
  const sums = new Map()
  for (const runner of [...order, ...order.toReversed()]) {
    const { name } = runner.contender
    // New sessions stay in memory, so reads warm up for them.
    const path = scenario === 'new' ? 'read' : scenario
    await visitOnce(load, runner, path, WARM_REQUESTS)
    const visit = await visitOnce(load, runner, scenario, runner.requests)
    const first = sums.get(name)
    sums.set(name, first === undefined ? visit : add(first, visit))
  }
  const steal = round(stolen(), 3)
  for (const [name, { requests, ms, cpuUs, majors }] of sums) {
    const own = series.get(name)
    own?.requests.push(requests)
    own?.ms.push(round(ms, 1))
    own?.cpuUs.push(cpuUs)
    own?.majors.push(majors)
    own?.steal.push(steal)
  }
}

/** @param {Visit} a @param {Visit} b @returns {Visit} */
function add(a, b) {
  return {
    requests: a.requests + b.requests,
    ms: a.ms + b.ms,
    cpuUs: a.cpuUs + b.cpuUs,
    majors: a.majors + b.majors,
  }
}

/** @param {number} value @param {number} digits */
function round(value, digits) {
  return Number(value.toFixed(digits))
}

/**
 * @param {import('./child.mjs').Child} load
 * @param {Member} member
 * @param {Scenario} scenario
 * @param {Settings} settings
 * @returns {Promise<Runner>}
 */
async function startRunner(load, member, scenario, { visitMs, newSessions }) {
  await warmUp(load, member, scenario)
  if (scenario === 'new') return { ...member, requests: newSessions }
  const { cpuUs, requests } = await visitOnce(load, member, scenario, TRIAL_REQUESTS)
  return { ...member, requests: Math.ceil((visitMs * 1000 * requests) / cpuUs) }
}

/**
 * @param {import('./child.mjs').Child} load
 * @param {Member} member
 * @param {Scenario} scenario
 * @param {number} requests
 * @returns {Promise<Visit>}
 */
async function visitOnce(load, { contender, server, port }, scenario, requests) {
  const { name, asked } = contender
  const job = { contender: name, port, path: `/${scenario}`, connections: CONNECTIONS, ...(asked && { asked }) }
  const before = await server.call('used')
  const done = await load.call({ ...job, requests, ms: PATIENCE_MS })
  await sleep(SETTLE_MS)
  const after = await server.call('used')
  if (done.failures > 0) throw new Error(`${name} failed ${done.failures} of ${done.requests} requests to ${job.path}.`)
  return {
    requests: done.requests,
    ms: done.ms,
    cpuUs: after.cpuUs - before.cpuUs,
    majors: after.majors - before.majors,
  }
}
