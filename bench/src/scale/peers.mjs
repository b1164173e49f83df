import connectPgSimple from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import { nodeRedis } from '../contenders/clients.mjs'
import { startPostgres, startRedis } from '../databases.mjs'
import { DAY_SECONDS, nextContent } from '../work.mjs'
import { inParallel } from './records.mjs'
import { poolOf, postgresBytes, redisBytes } from './stores.mjs'

/** As express-session hands it over, with the cookie's attributes beside the content. */
function newSession() {
  const expires = new Date(Date.now() + DAY_SECONDS * 1000).toISOString()
  const cookie = { originalMaxAge: DAY_SECONDS * 1000, expires, httpOnly: true, path: '/', sameSite: 'lax' }
  return { cookie, ...nextContent() }
}

/** As long as the ids that express-session makes. @param {number} n */
function idOf(n) {
  return String(n).padStart(32, 'x')
}

/** @param {string} root @param {number} total @returns {Promise<import('./table.mjs').Peer>} */
async function connectRedis(root, total) {
  const server = await startRedis(root)
  const client = await nodeRedis(server.url)
  const store = new RedisStore({ client })
  const before = await redisBytes(server.url)
  await inParallel(total, (n) => store.set(idOf(n), newSession()))
  const perSession = ((await redisBytes(server.url)) - before) / total
  client.destroy()
  await server.stop()
  return { name: 'connect-redis', total, perSession }
}

/** @param {string} root @param {number} total @returns {Promise<import('./table.mjs').Peer>} */
async function connectPg(root, total) {
  const server = await startPostgres(root)
  const pool = await poolOf(server.url)
  const PgStore = connectPgSimple(expressSession)
  const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false })
  const set = (/** @type {number} */ n) =>
    new Promise((resolve, reject) =>
      store.set(idOf(n), newSession(), (error) => (error ? reject(error) : resolve(null))),
    )
  const before = await postgresBytes(pool)
  await set(0)
  await inParallel(total - 1, (n) => set(n + 1))
  const perSession = ((await postgresBytes(pool)) - before) / total
  await pool.end()
  await server.stop()
  return { name: 'connect-pg-simple', total, perSession }
}

/** @param {string} root @param {number} total */
export async function weighPeers(root, total) {
  return [await connectRedis(root, total), await connectPg(root, total)]
}
