/**
 * Clients as their documentation makes them. A listener for what happens while they idle: without one it ends the process.
 */

/** @param {string} url */
export async function nodeRedis(url) {
  const { createClient } = await import('redis')
  return createClient({ url }).on('error', ignore).connect()
}

/** @param {string} url */
export async function ioredis(url) {
  const { Redis } = await import('ioredis')
  return new Redis(url).on('error', ignore)
}

/** @param {string} url @param {string} [options] for the server. */
export async function pgPool(url, options) {
  const { default: pg } = await import('pg')
  return new pg.Pool({ connectionString: url, options }).on('error', ignore)
}

function ignore() {}
