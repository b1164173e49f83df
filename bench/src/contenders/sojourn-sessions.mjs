import { createSessions, memoryStore } from 'sojourn'
import { ioredis, nodeRedis, pgPool } from './clients.mjs'

/** By default last-seen is written once a minute, by the next read. Here reads are measured as reads. */
const timeouts = { touch: '15m' }

/**
 * As a user writes it: a store, and the defaults for all else but the above.
 *
 * @param {import('../contenders.mjs').StartOptions} options
 */
export async function sessionsOn(options) {
  return createSessions({ store: await storeOf(options), timeouts })
}

/**
 * @param {import('../contenders.mjs').StartOptions} options
 * @returns {Promise<import('sojourn').Store>}
 */
async function storeOf({ store, name, folder, redis, postgres }) {
  if (store === 'lmdb') {
    const { lmdbStore } = await import('sojourn/stores/lmdb')
    return lmdbStore({ path: `${folder}/sessions` })
  }
  if (store === 'postgres') {
    const { postgresStore } = await import('sojourn/stores/postgres')
    return ready(postgresStore({ client: await pgPool(postgres) }))
  }
  // A run makes more than the 100,000 sessions that it keeps by default.
  if (store === 'memory') return memoryStore({ maxSessions: 200_000 })
  const { redisStore } = await import('sojourn/stores/redis')
  const client = await (store === 'ioredis' ? ioredis(redis) : nodeRedis(redis))
  const inRedis = redisStore({ client, prefix: `${name}:` })
  if (store !== 'near-cache') return ready(inRedis)
  const [{ nearCache }, { redisTrackingBus }] = await Promise.all([
    import('sojourn/stores/near-cache'),
    import('sojourn/buses/redis-tracking'),
  ])
  return ready(nearCache(inRedis, { bus: redisTrackingBus({ url: redis, prefix: `${name}:` }) }))
}

/** @param {import('sojourn').Store} store */
async function ready(store) {
  await store.setup?.()
  return store
}
