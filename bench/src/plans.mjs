/** @typedef {import('./load.mjs').Job} Job */

/**
 * @typedef {object} Plan What to send next.
 * @property {() => Buffer | null} next `null`: nothing more.
 * @property {(response: string, request: Buffer) => void} heard
 * @property {() => void} end
 */

/** @type {Map<string, string[]>} */
const cookies = new Map()
/** @type {Map<string, Buffer[]>} By contender and path: what is sent again and again. */
const prepared = new Map()
/** @type {Map<string, number>} Where the rotation goes on, so that no session is asked more often than another. */
const positions = new Map()

/**
 * @param {Job} job
 * @param {string} path
 * @param {string} cookie
 */
function toRequest({ port }, path, cookie) {
  const [method, end] = path === '/read' ? ['GET', '\r\n'] : ['POST', 'Content-Length: 0\r\n\r\n']
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nSec-Fetch-Site: same-origin\r\n`
  return Buffer.from(`${head}${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}${end}`)
}

/**
 * One request for each session, in turn; or new sessions, which nobody asks for again.
 *
 * @param {Job} job
 * @returns {Plan}
 */
export function repeat(job) {
  const requests = requestsOf(job)
  let position = positions.get(job.contender) ?? 0
  let left = job.requests
  return {
    next() {
      position = (position + 1) % requests.length
      left -= 1
      return left < 0 ? null : (requests[position] ?? null)
    },
    heard() {},
    end: () => void positions.set(job.contender, position),
  }
}

/** @param {Job} job */
function requestsOf(job) {
  const { contender, path, asked } = job
  const key = `${contender} ${path}`
  const ready = prepared.get(key)
  if (ready !== undefined) return ready
  const known = path === '/new' ? [''] : (cookies.get(contender) ?? []).slice(0, asked)
  if (known.length === 0) throw new Error(`${contender} has no sessions yet.`)
  const requests = known.map((cookie) => toRequest(job, path, cookie))
  prepared.set(key, requests)
  return requests
}

/**
 * New sessions, each beside a read of one that is there, as a server sees them. Not in a row: V8 learns from what it sees
 * first where to allocate, and would take what a read allocates for long-lived too.
 *
 * @param {Job} job
 * @returns {Plan}
 */
export function grow(job) {
  const begin = toRequest(job, '/new', '')
  /** @type {string[]} */
  const kept = []
  /** @type {Buffer[]} */
  const reads = []
  let left = job.requests
  let turn = 0
  return {
    next() {
      turn += 1
      const read = reads[turn % reads.length]
      if (read !== undefined && turn % 2 === 0) return read
      left -= 1
      return left < 0 ? null : begin
    },
    heard(response, request) {
      if (request !== begin) return
      const cookie = cookieOf(response)
      kept.push(cookie)
      reads.push(toRequest(job, '/read', cookie))
    },
    end() {
      if (kept.length < job.requests)
        throw new Error(`${job.contender} made ${kept.length} of ${job.requests} sessions.`)
      cookies.set(job.contender, kept)
      prepared.clear()
    },
  }
}

/** @param {string} response What a browser would send next: of one name, the cookie that was set last. */
function cookieOf(response) {
  const found = response.matchAll(/\r\nset-cookie: ([^=\r]+)=([^;\r]*)/gi)
  const jar = new Map(Array.from(found, ([, name, value]) => [name, value]))
  return Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
}
