import { createConnection } from './connection.mjs'

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
 * @property {boolean} [keep] Whether to remember the cookies that come back, for `/read` and `/write`.
 *
 * @typedef {{ requests: number, failures: number, ms: number }} Done
 */

/** @type {Map<string, string[]>} */
const cookies = new Map()

/**
 * @param {Job} job
 * @returns {Buffer[]} One request for each session, or one for all when sessions are made.
 */
function requestsOf({ contender, port, path }) {
  const method = path === '/read' ? 'GET' : 'POST'
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nSec-Fetch-Site: same-origin\r\n`
  const end = method === 'GET' ? '\r\n' : 'Content-Length: 0\r\n\r\n'
  if (path === '/new') return [Buffer.from(`${head}${end}`)]
  return (cookies.get(contender) ?? []).map((cookie) => Buffer.from(`${head}Cookie: ${cookie}\r\n${end}`))
}

/** @type {Map<string, number>} Where the rotation goes on, so that no session is asked more often than another. */
const positions = new Map()

/**
 * @param {Job} job
 * @returns {Promise<Done>}
 */
async function run(job) {
  const requests = requestsOf(job)
  if (requests.length === 0) throw new Error(`${job.contender} has no sessions yet.`)
  /** @type {string[]} */
  const kept = []
  let position = positions.get(job.contender) ?? 0
  let sent = 0
  let failures = 0
  const connections = Array.from({ length: job.connections }, () => createConnection(job.port))
  await Promise.all(connections.map((connection) => connection.ready))

  const began = performance.now()
  const until = began + job.ms
  await Promise.all(
    connections.map((connection) =>
      connection.drive(
        () => {
          if (sent >= job.requests || (sent % 16 === 0 && performance.now() > until)) return null
          sent += 1
          position = (position + 1) % requests.length
          return /** @type {Buffer} */ (requests[position])
        },
        (response) => {
          if (!response.startsWith('HTTP/1.1 200')) failures += 1
          else if (job.keep) kept.push(cookieOf(response))
        },
      ),
    ),
  )
  const ms = performance.now() - began
  for (const connection of connections) connection.close()
  positions.set(job.contender, position)
  if (job.keep) cookies.set(job.contender, kept)
  return { requests: sent, failures, ms }
}

/** @param {string} response What a browser would send next: of one name, the cookie that was set last. */
function cookieOf(response) {
  const found = response.matchAll(/\r\nset-cookie: ([^=\r]+)=([^;\r]*)/gi)
  const jar = new Map(Array.from(found, ([, name, value]) => [name, value]))
  return Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
}

process.once('disconnect', () => process.exit())
process.on('message', async (/** @type {Job} */ job) => process.send?.(await run(job)))
process.send?.('ready')
