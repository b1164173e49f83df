import { createSessions, memoryStore } from 'sojourn'
import { countedGuard } from './targets.mjs'

/**
 * @typedef {object} Flooded
 * @property {string} target
 * @property {number} tokens
 * @property {number} reads How often the flood reached the store.
 * @property {number} limiterCalls
 * @property {number} refused How many got 429.
 * @property {number} usPerToken CPU.
 * @property {number} heapBytes By how much the heap grew.
 * @property {Latency} quiet Of honest requests before the flood.
 * @property {Latency} during Of honest requests in the middle of it.
 *
 * @typedef {{ p50Us: number, p99Us: number }} Latency
 */

/** So many forged tokens come between two honest requests. */
const BETWEEN = 50
const KEYS = ['a key of at least thirty-two bytes']

/**
 * @param {string} name
 * @param {import('./targets.mjs').Target} target
 * @param {number} tokens
 * @returns {Promise<Flooded>}
 */
export async function flood(name, { keys, limited, networks }, tokens) {
  const { store, count } = countedStore()
  const { counted, guard } = countedGuard()
  const sessions = createSessions({
    store,
    ...(keys && { keys: KEYS }),
    guards: limited ? [guard] : [],
    warn: () => {},
  })
  const honest = await logIn(sessions)
  const forged = keys ? 64 : 54
  /** @param {number} i */
  const attack = (i) => toView(`__Host-session=${String(i).padEnd(forged, 'A')}`, `198.51.100.${i % networks}`)

  await honestLatency(sessions, honest, Math.ceil(tokens / BETWEEN))
  const quiet = toLatency(await honestLatency(sessions, honest, Math.ceil(tokens / BETWEEN)))
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const took = new Float64Array(Math.ceil(tokens / BETWEEN))
  let [refused, cpuUs] = [0, 0]
  for (let i = 0; i < tokens; i += BETWEEN) {
    count.isOn = true
    const began = process.cpuUsage()
    for (let j = i; j < Math.min(tokens, i + BETWEEN); j++) {
      const exchange = await sessions.open(attack(j))
      if (exchange.answer !== null) refused++
      await exchange.commit()
    }
    const { user, system } = process.cpuUsage(began)
    cpuUs += user + system
    count.isOn = false
    took[i / BETWEEN] = await timed(sessions, honest)
  }
  globalThis.gc?.()
  return {
    target: name,
    tokens,
    reads: count.reads,
    limiterCalls: counted.calls,
    refused,
    usPerToken: cpuUs / tokens,
    heapBytes: process.memoryUsage().heapUsed - heap,
    quiet,
    during: toLatency(took),
  }
}

function countedStore() {
  const inner = memoryStore()
  const count = { reads: 0, isOn: false }
  /** @type {import('sojourn').Store} */
  const store = {
    ...inner,
    read(id) {
      if (count.isOn) count.reads++
      return inner.read(id)
    },
  }
  return { store, count }
}

/** @param {import('sojourn').Sessions<object>} sessions */
async function logIn(sessions) {
  const exchange = await sessions.open(toView(null, '203.0.113.7'))
  await exchange.session.login('ada')
  const headers = await exchange.commit()
  const [cookie = ''] = headers.find(({ name }) => name === 'set-cookie')?.value.split(';') ?? []
  return toView(cookie, '203.0.113.7')
}

/**
 * @param {string | null} cookie
 * @param {string} peer
 * @returns {import('sojourn').RequestView}
 */
function toView(cookie, peer) {
  const header = (/** @type {string} */ name) => (name === 'cookie' ? cookie : name === 'host' ? 'shop.example' : null)
  return { method: 'GET', url: '/', secure: true, peer, header }
}

/**
 * @param {import('sojourn').Sessions<object>} sessions
 * @param {import('sojourn').RequestView} honest
 */
async function timed(sessions, honest) {
  const began = performance.now()
  const exchange = await sessions.open(honest)
  await exchange.commit()
  const us = (performance.now() - began) * 1000
  if (exchange.session.userId !== 'ada') throw new Error('The flood logged an honest user out.')
  return us
}

/**
 * @param {import('sojourn').Sessions<object>} sessions
 * @param {import('sojourn').RequestView} honest
 * @param {number} times
 */
async function honestLatency(sessions, honest, times) {
  const took = new Float64Array(times)
  for (let i = 0; i < times; i++) took[i] = await timed(sessions, honest)
  return took
}

/** @param {Float64Array} took */
function toLatency(took) {
  const sorted = took.sort()
  const at = (/** @type {number} */ share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { p50Us: at(0.5), p99Us: at(0.99) }
}
