import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSessions } from 'sojourn'
import { createSite, TIMEOUTS } from './site.mjs'
import { createTime, nextTurn } from './time.mjs'

setFlagsFromString('--expose-gc')
const collect = /** @type {() => void} */ (runInNewContext('gc'))

/** Bytes a session. The least that can be kept of one, its id in a set, takes more than 60. */
const LIMIT = 16
/** By so much the heap differs from one round to the next with nothing kept. */
const NOISE_BYTES = 300_000

/** Rounds in which code is compiled, and what is bounded fills up. */
const WARM_ROUNDS = 3

/**
 * @typedef {object} Soaked
 * @property {string} target
 * @property {number} sessions Records that were created while the heap was weighed.
 * @property {number} rounds
 * @property {number} firstHeap Bytes after a collection, at the end of a round, when nobody is there any more.
 * @property {number} lastHeap
 * @property {number} slope Bytes a session, by least squares over the rounds.
 * @property {number} left What is in the store at the end, and timers that are set.
 */

/** Bytes in use when all that can go is gone. */
async function heapNow() {
  await nextTurn()
  collect()
  await nextTurn()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Rise of y per x, by least squares. @param {readonly (readonly [number, number])[]} points */
export function slopeOf(points) {
  const mean = (/** @type {readonly number[]} */ of) => of.reduce((sum, value) => sum + value, 0) / of.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}

/** @param {Soaked} soaked @returns {boolean} whether nothing grows with the sessions that came and went. */
export function isFlat({ slope, sessions, left }) {
  return slope <= LIMIT + NOISE_BYTES / sessions && left === 0
}

/**
 * Lets visitors come and go, in rounds after each of which nobody is there, and weighs the heap at each end.
 *
 * @param {string} name
 * @param {import('./targets.mjs').Target} target
 * @param {{ perRound: number, folder: string, isOver: (rounds: number) => boolean }} how
 * @returns {Promise<Soaked>}
 */
export async function soak(name, target, { perRound, folder, isOver }) {
  const time = createTime()
  const { nodes, inner } = target(time, folder)
  const all = nodes.map((store) =>
    createSessions({ store, clock: time.clock, timeouts: TIMEOUTS, warn: () => undefined }),
  )
  const site = createSite(all, time)
  /** @type {[number, number][]} */
  const points = []
  for (let round = 0; !isOver(round - WARM_ROUNDS); round++) {
    await site.round(perRound)
    if (round >= WARM_ROUNDS) points.push([site.created, await heapNow()])
  }
  const left = ((await inner.scan?.(null, 1))?.values.length ?? 0) + time.timers
  await Promise.all(all.map((sessions) => sessions.close()))
  return {
    target: name,
    sessions: (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0),
    rounds: points.length,
    firstHeap: points[0]?.[1] ?? 0,
    lastHeap: points.at(-1)?.[1] ?? 0,
    slope: slopeOf(points),
    left,
  }
}
