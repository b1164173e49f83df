import { hash, randomFillSync } from 'node:crypto'
import { open } from 'lmdb'
import { postgresBound } from './bound-postgres.mjs'
import { redisBound } from './bound-redis.mjs'

/**
 * The least that a session can cost by hand: find the cookie, hash the token, one look-up. No limits, no expiry, no check
 * of what comes in. `put` answers nothing for the Map, which holds live objects: an edit is stored as it is made.
 * `get` answers with a promise where the session is on another server.
 *
 * @typedef {import('../work.mjs').Content} Content
 * @typedef {object} Bound
 * @property {(cookie: string) => string} keyOf
 * @property {(key: string) => any} get A `Content`, or a promise of one.
 * @property {(key: string, content: Content) => unknown} put
 */

const TOKEN_BYTES = 32
const pool = Buffer.allocUnsafe(TOKEN_BYTES * 128)
let used = pool.length

export function newToken() {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += TOKEN_BYTES
  return pool.toString('base64url', used - TOKEN_BYTES, used)
}

/** @param {string} token */
export function setCookieOf(token) {
  return `sid=${token}; Path=/; HttpOnly; SameSite=Lax`
}

/** @param {string} token */
export function hashOf(token) {
  return hash('sha256', token, 'base64url')
}

/** @param {string} cookie The request's `Cookie` header. */
function keyOf(cookie) {
  const at = cookie.indexOf('sid=') + 4
  const end = cookie.indexOf(';', at)
  return hashOf(end < 0 ? cookie.slice(at) : cookie.slice(at, end))
}

/** @returns {Bound} */
function mapBound() {
  const sessions = new Map()
  return {
    keyOf,
    get: (key) => sessions.get(key),
    put: (key, content) => void sessions.set(key, content),
  }
}

/**
 * @param {string} folder
 * @returns {Bound}
 */
function lmdbBound(folder) {
  // Acknowledged when it is on disk, as Sojourn's LMDB store does; lmdb's default answers before.
  const sessions = open({ path: `${folder}/bound.mdb`, encoding: 'json', overlappingSync: false })
  return {
    keyOf,
    get: (key) => sessions.get(key),
    put: (key, content) => sessions.put(key, content),
  }
}

/** @param {import('../contenders.mjs').StartOptions} options */
export async function createBound(options) {
  const { store, folder } = options
  if (store === 'redis' || store === 'ioredis') return { keyOf, ...(await redisBound(options)) }
  if (store === 'postgres') return { keyOf, ...(await postgresBound(options)) }
  return store === 'lmdb' ? lmdbBound(folder) : mapBound()
}

/**
 * Without a turn of the event loop where the answer is there at once.
 *
 * @template T
 * @param {any} value
 * @param {(value: any) => T} next
 */
export function whenThere(value, next) {
  return value instanceof Promise ? value.then(next) : next(value)
}
