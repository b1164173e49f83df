import { mkdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { ioredis, nodeRedis, pgPool } from '../contenders/clients.mjs'
import { startPostgres, startRedis } from '../databases.mjs'

/**
 * @typedef {object} Place A store, and how much room it takes.
 * @property {string} name
 * @property {import('sojourn').Store} store
 * @property {() => Promise<number>} bytes
 * @property {() => Promise<void>} close
 */

/** Nothing of this has to survive a power cut, and filling would wait for the disk a million times. @param {string} url */
export function poolOf(url) {
  return pgPool(url, '-c synchronous_commit=off')
}

/** @param {string} url */
export async function redisBytes(url) {
  const client = await ioredis(url)
  const found = /used_memory:(\d+)/.exec(await client.info('memory'))
  client.disconnect()
  return Number(found?.[1])
}

/** @param {import('pg').Pool} pool Tables with their indexes and what is stored beside them. */
export async function postgresBytes(pool) {
  const text =
    "select coalesce(sum(pg_total_relation_size(oid)), 0) as bytes from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
  const { rows } = await pool.query(text)
  return Number(rows[0].bytes)
}

/** @param {string} folder */
async function folderBytes(folder) {
  const names = await readdir(folder, { recursive: true })
  const stats = await Promise.all(names.map((name) => stat(join(folder, name))))
  return stats.reduce((sum, each) => sum + (each.isFile() ? each.blocks * 512 : 0), 0)
}

/** @type {Readonly<Record<string, (root: string) => Promise<Place>>>} */
export const stores = {
  async lmdb(root) {
    const path = join(root, 'lmdb')
    mkdirSync(path)
    const store = lmdbStore({ path })
    return { name: 'lmdb', store, bytes: () => folderBytes(path), close: async () => void (await store.close()) }
  },

  async redis(root) {
    const server = await startRedis(root)
    const client = await nodeRedis(server.url)
    const store = redisStore({ client })
    return {
      name: 'redis',
      store,
      bytes: () => redisBytes(server.url),
      async close() {
        client.destroy()
        await server.stop()
      },
    }
  },

  async postgres(root) {
    const server = await startPostgres(root)
    const pool = await poolOf(server.url)
    const store = postgresStore({ client: pool })
    await store.setup?.()
    return {
      name: 'postgres',
      store,
      bytes: () => postgresBytes(pool),
      async close() {
        await pool.end()
        await server.stop()
      },
    }
  },
}
