import { DAY_SECONDS } from '../work.mjs'
import { ioredis, nodeRedis } from './clients.mjs'

/**
 * One round trip to read and to touch (GETEX, Redis 6.2), one to write. The value is the session as JSON.
 *
 * @param {import('../contenders.mjs').StartOptions} options
 * @returns {Promise<Omit<import('./bound.mjs').Bound, 'keyOf'>>}
 */
export async function redisBound({ store, redis, name }) {
  const { getex, set } = store === 'ioredis' ? await withIoredis(redis) : await withNodeRedis(redis)
  return {
    get: async (key) => JSON.parse((await getex(`${name}:${key}`)) ?? 'null'),
    put: (key, content) => set(`${name}:${key}`, JSON.stringify(content)),
  }
}

/** @param {string} url */
async function withNodeRedis(url) {
  const client = await nodeRedis(url)
  return {
    getex: (/** @type {string} */ key) => client.getEx(key, { type: 'EX', value: DAY_SECONDS }),
    set: (/** @type {string} */ key, /** @type {string} */ text) =>
      client.set(key, text, { expiration: { type: 'EX', value: DAY_SECONDS } }),
  }
}

/** @param {string} url */
async function withIoredis(url) {
  const client = await ioredis(url)
  return {
    getex: (/** @type {string} */ key) => client.getex(key, 'EX', DAY_SECONDS),
    set: (/** @type {string} */ key, /** @type {string} */ text) => client.set(key, text, 'EX', DAY_SECONDS),
  }
}
