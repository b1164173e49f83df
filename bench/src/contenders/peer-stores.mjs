import connectPgSimple from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import { nodeRedis, pgPool } from './clients.mjs'

/**
 * The store that express-session and @fastify/session are used with there; `undefined` for the one in memory.
 *
 * @param {import('../contenders.mjs').StartOptions} options
 */
export async function peerStore({ store, name, redis, postgres }) {
  if (store === 'redis') {
    return new RedisStore({ client: await nodeRedis(redis), prefix: `${name}:` })
  }
  if (store !== 'postgres') return undefined
  const pool = await pgPool(postgres)
  const PgStore = connectPgSimple(expressSession)
  return new PgStore({ pool, createTableIfMissing: true })
}
