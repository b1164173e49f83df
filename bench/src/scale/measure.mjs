import { createSessions } from 'sojourn'
import { inParallel, newRecord, userOf } from './records.mjs'

/**
 * @typedef {{ median: number, p99: number }} Times ms.
 *
 * @typedef {object} Row What it is like with so many sessions in the store.
 * @property {string} store
 * @property {number} total
 * @property {number} perSession Bytes.
 * @property {Times} list One user's ten sessions.
 * @property {Times} end All of one user's ten sessions.
 * @property {Times} read One session, while nothing else happens,
 * @property {Times} readDuring and while the expired ones go.
 * @property {number} expired How many those are.
 * @property {number | null} sweepMs `null`: the server deletes them by itself.
 * @property {number} fillMs
 */

const PROBES = 200
const SESSIONS_EACH = 10
const READERS = 8
const READ_MS = 2_000
/** So long do the expired ones still live, for a server that deletes by itself. */
const SHORT_MS = 4_000
const EXPIRED_PART = 0.05
const HOUR_MS = 3_600_000

/** @param {number[]} values @returns {Times} */
function timesOf(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (/** @type {number} */ part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return { median: at(0.5), p99: at(0.99) }
}

/** @param {number} count @param {(n: number) => unknown} work */
async function timeEach(count, work) {
  const times = []
  for (let n = 0; n < count; n++) {
    const began = performance.now()
    await work(n)
    times.push(performance.now() - began)
  }
  return timesOf(times)
}

/**
 * Fills a store step by step, and looks at each step what it is like.
 *
 * @param {import('./stores.mjs').Place} place
 * @param {readonly number[]} totals
 * @param {(text: string) => void} say
 * @returns {Promise<Row[]>}
 */
export async function measureStore(place, totals, say) {
  const { name, store } = place
  const rows = []
  /** @type {import('sojourn').SessionId[]} */
  const ids = []
  const before = await place.bytes()
  for (const total of totals) {
    say(`${name}: fill up to ${total}`)
    const began = performance.now()
    await inParallel(total - ids.length, async (n) => {
      const record = newRecord(userOf(ids.length + n))
      await store.create(record)
      ids.push(record.id)
    })
    const fillMs = performance.now() - began
    const perSession = ((await place.bytes()) - before) / ids.length
    say(`${name}: measure`)
    rows.push({ store: name, total, fillMs, perSession, ...(await probe(store)), ...(await sweep(store, ids, total)) })
  }
  return rows
}

/**
 * Users of their own, who have as many sessions whatever the total.
 *
 * @param {import('sojourn').Store} store
 */
async function probe(store) {
  const sessions = createSessions({ store })
  const users = Array.from({ length: PROBES }, (_, n) => `probe-${n}`)
  await inParallel(PROBES * SESSIONS_EACH, (n) => store.create(newRecord(users[n % PROBES] ?? '')))
  const list = await timeEach(PROBES, async (n) => {
    const found = await sessions.list(users[n] ?? '')
    if (found.length !== SESSIONS_EACH) throw new Error(`A list of ${found.length}.`)
  })
  const end = await timeEach(PROBES, async (n) => {
    const ended = await sessions.revokeAll(users[n] ?? '')
    if (ended !== SESSIONS_EACH) throw new Error(`${ended} ended.`)
  })
  return { list, end }
}

/**
 * @param {import('sojourn').Store} store
 * @param {readonly import('sojourn').SessionId[]} ids
 * @param {number} total
 */
async function sweep(store, ids, total) {
  const expired = Math.round(total * EXPIRED_PART)
  const read = await readFor(store, ids, new Promise((resolve) => setTimeout(resolve, READ_MS)))
  const lifeMs = store.sweep === undefined ? SHORT_MS : HOUR_MS
  await inParallel(expired, (n) => store.create(newRecord(userOf(n), lifeMs)))
  let sweepMs = null
  async function go() {
    if (store.sweep === undefined) return new Promise((resolve) => setTimeout(resolve, SHORT_MS + READ_MS))
    const began = performance.now()
    const swept = await createSessions({ store, clock: () => Date.now() + 2 * HOUR_MS }).sweep()
    if (swept < expired) throw new Error(`${swept} of ${expired} were swept.`)
    sweepMs = performance.now() - began
  }
  return { read, readDuring: await readFor(store, ids, go()), expired, sweepMs }
}

/**
 * @param {import('sojourn').Store} store
 * @param {readonly import('sojourn').SessionId[]} ids
 * @param {Promise<unknown>} until
 */
async function readFor(store, ids, until) {
  let isOver = false
  const over = until.finally(() => {
    isOver = true
  })
  /** @type {number[]} */
  const times = []
  const readers = Array.from({ length: READERS }, async () => {
    while (!isOver) {
      const id = ids[Math.floor(Math.random() * ids.length)]
      const began = performance.now()
      const kept = id === undefined ? null : await store.read(id)
      times.push(performance.now() - began)
      if (kept?.kind !== 'live') throw new Error('A session is gone.')
      // Stores that answer at once would let nothing else come to its turn.
      if (times.length % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  })
  await Promise.all([over, ...readers])
  return timesOf(times)
}
