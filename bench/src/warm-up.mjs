import { CONNECTIONS } from './settings.mjs'

/** @typedef {import('./settings.mjs').Scenario} Scenario */

/** Requests after which the share is looked at again. New sessions stay in memory. */
const STEP_REQUESTS = { read: 4_000, write: 4_000, new: 2_000 }
/** With more, our memory store would begin to drop the sessions that are read. */
const MAX_REQUESTS = { read: 120_000, write: 120_000, new: 16_000 }
/** For the slowest peers. */
const MAX_MS = 8_000
/** Of a server's CPU: what its other threads use once everything is compiled is garbage collection. */
const COMPILED_SHARE = 0.05
/** The engine compiles a function again when it meets values of another type, so a pause may be the one between two such. */
const STEPS_BELOW = 2

/**
 * Sends requests until the engine has compiled all that they use, which it does in other threads. Before, a request costs up to
 * three times as much. A server in production is past that within seconds.
 *
 * @param {import('./child.mjs').Child} load
 * @param {import('./fleet.mjs').Member} member
 * @param {Scenario} scenario
 */
export async function warmUp(load, { contender, server, port }, scenario) {
  const { name, asked } = contender
  const job = { contender: name, port, path: `/${scenario}`, connections: CONNECTIONS, ...(asked && { asked }) }
  const until = performance.now() + MAX_MS
  let below = 0
  for (let sent = 0; sent < MAX_REQUESTS[scenario]; sent += STEP_REQUESTS[scenario]) {
    const before = await server.call('threads')
    await load.call({ ...job, requests: STEP_REQUESTS[scenario], ms: MAX_MS })
    const after = await server.call('threads')
    const cpuUs = after.cpuUs - before.cpuUs
    const othersUs = cpuUs - (after.mainUs - before.mainUs)
    below = othersUs < cpuUs * COMPILED_SHARE ? below + 1 : 0
    if (below === STEPS_BELOW || performance.now() > until) return
  }
}
