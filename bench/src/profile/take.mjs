import { CONNECTIONS } from '../settings.mjs'
import { warmUp } from '../warm-up.mjs'
import { shareCpu, shareHeap } from './groups.mjs'

/**
 * @typedef {object} Profile Where one contender's time and memory go in one scenario.
 * @property {string} contender
 * @property {import('../settings.mjs').Scenario} scenario
 * @property {Record<string, number>} cpu µs a request, by group.
 * @property {Record<string, number>} heap Bytes allocated a request, by group.
 *
 * @typedef {object} RawProfile
 * @property {import('./profiler.mjs').CpuProfile} cpu
 * @property {import('./profiler.mjs').HeapProfile} heap
 * @property {{ cpu: number, heap: number }} requests
 * @property {number} mainUs CPU of the thread that runs JavaScript, while `cpu` was taken.
 * @property {number} othersUs CPU of all other threads a request, before: the profiler has a thread of its own.
 */

/** At most so many new sessions in a profile, because they stay in memory. */
const NEW_SESSIONS = 4_000
const NO_LIMIT = 1_000_000

/**
 * Two profiles of a server under load, one after the other.
 *
 * @param {import('../child.mjs').Child} load
 * @param {import('../fleet.mjs').Member} member
 * @param {import('../settings.mjs').Scenario} scenario
 * @param {number} ms How long each takes.
 * @returns {Promise<RawProfile>}
 */
export async function takeProfiles(load, member, scenario, ms) {
  const { contender, server, port } = member
  const { name, asked } = contender
  const requests = scenario === 'new' ? NEW_SESSIONS : NO_LIMIT
  const job = { contender: name, port, path: `/${scenario}`, connections: CONNECTIONS, ...(asked && { asked }) }
  // The scenarios before this one taught the engine something else.
  await warmUp(load, member, scenario)
  const began = await server.call('threads')
  const warm = await load.call({ ...job, requests: scenario === 'new' ? NEW_SESSIONS / 2 : NO_LIMIT, ms })
  const warmed = await server.call('threads')
  await server.call('startCpu')
  const before = await server.call('threads')
  const timed = await load.call({ ...job, requests, ms })
  const after = await server.call('threads')
  const cpu = await server.call('stopCpu')
  await server.call('startHeap')
  const weighed = await load.call({ ...job, requests, ms })
  const heap = await server.call('stopHeap')
  return {
    cpu,
    heap,
    requests: { cpu: timed.requests, heap: weighed.requests },
    mainUs: after.mainUs - before.mainUs,
    othersUs: (warmed.cpuUs - began.cpuUs - (warmed.mainUs - began.mainUs)) / warm.requests,
  }
}

/**
 * @param {string} contender
 * @param {import('../settings.mjs').Scenario} scenario
 * @param {RawProfile} raw
 * @returns {Profile}
 */
export function summarizeProfile(contender, scenario, raw) {
  return {
    contender,
    scenario,
    cpu: rounded(shareCpu(raw.cpu, raw.requests.cpu, raw).groups, 2),
    heap: rounded(shareHeap(raw.heap, raw.requests.heap).groups, 0),
  }
}

/**
 * @param {Record<string, number>} shares
 * @param {number} digits
 */
function rounded(shares, digits) {
  const entries = Object.entries(shares).map(
    ([name, value]) => /** @type {const} */ ([name, Number(value.toFixed(digits))]),
  )
  return Object.fromEntries(entries.filter(([, value]) => value > 0))
}
