import { constants, setPriority } from 'node:os'
import { createConnection } from './connection.mjs'
import { grow, repeat } from './plans.mjs'

/**
 * The load: a process of its own that keeps a number of connections busy with one request each, and remembers every
 * contender's cookies. Bounded by count and by time, loopback only.
 *
 * @typedef {object} Job
 * @property {string} contender
 * @property {number} port
 * @property {string} path
 * @property {number} connections
 * @property {number} requests At most so many,
 * @property {number} ms and for at most so long.
 * @property {number} [asked] How many of the sessions are requested in turn; all when left out.
 * @property {boolean} [keep] Whether to make sessions to request later, `requests` of them, amid reads.
 *
 * @typedef {{ requests: number, failures: number, ms: number }} Done
 */

/** @type {Map<number, import('./connection.mjs').Connection[]>} By port. Kept between jobs: connecting is not part of a request. */
const kept = new Map()

/** @param {Job} job */
async function connectionsFor({ port, connections }) {
  const open = (kept.get(port) ?? []).filter((connection) => connection.isOpen())
  while (open.length < connections) open.push(createConnection(port))
  kept.set(port, open)
  await Promise.all(open.map((connection) => connection.ready))
  return open.slice(0, connections)
}

/**
 * @param {Job} job
 * @returns {Promise<Done>}
 */
async function run(job) {
  const plan = job.keep ? grow(job) : repeat(job)
  let sent = 0
  let failures = 0
  const connections = await connectionsFor(job)

  const stop = stayAwake()
  const began = performance.now()
  const until = began + job.ms
  const isOver = () => sent % 16 === 0 && performance.now() > until
  await Promise.all(
    connections.map((connection) =>
      connection.drive(
        () => {
          const request = isOver() ? null : plan.next()
          if (request !== null) sent += 1
          return request
        },
        (response, request) => {
          if (response.startsWith('HTTP/1.1 200')) plan.heard(response, request)
          else failures += 1
        },
      ),
    ),
  )
  const ms = performance.now() - began
  stop()
  plan.end()
  return { requests: sent, failures, ms }
}

/**
 * Never sleeps until stopped. A server pays for waking its client, 20 µs a request on the virtual machine where this was found. It
 * pays that the more often, the longer it takes itself, so every contender would seem dearer than it is.
 */
function stayAwake() {
  let isAwake = true
  function poll() {
    if (isAwake) setImmediate(poll)
  }
  poll()
  return () => {
    isAwake = false
  }
}

// The databases run beside the load, and must not wait for it.
setPriority(constants.priority.PRIORITY_LOW)
process.once('disconnect', () => process.exit())
process.on('message', async (/** @type {Job} */ job) => process.send?.(await run(job)))
process.send?.('ready')
