import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild } from './child.mjs'
import { createDatabase } from './databases.mjs'
import { CONNECTIONS } from './settings.mjs'
import { verify } from './verify.mjs'

/**
 * @typedef {object} Member A contender that is up.
 * @property {import('./contenders.mjs').Contender} contender
 * @property {import('./child.mjs').Child} server
 * @property {number} port
 * @property {string} folder
 *
 * @typedef {{ redis: string, postgres: string }} Urls Of the servers that all contenders share; empty where none needs one.
 *
 * @typedef {object} Footprint Bytes that one stored session takes, over the wire and kept.
 * @property {string} contender
 * @property {number} heap
 * @property {number} rss
 * @property {number} disk
 */

const WARM_SESSIONS = 500
const WARM_REQUESTS = 3_000
const PATIENCE_MS = 60_000

/**
 * @param {import('./contenders.mjs').Contender} contender
 * @param {string} root Where it gets a folder of its own.
 * @param {Urls} urls
 * @returns {Promise<Member>} once it has shown that it does the work.
 */
export async function startMember(contender, root, urls) {
  const place = await createPlace(contender, root, urls)
  const { folder } = place
  const args = [contender.name, JSON.stringify(place)]
  const server = await startChild('server.mjs', { core: 0, args, flags: ['--expose-gc'] })
  const member = { contender, server, port: server.hello, folder }
  try {
    await verify(contender, member.port)
    return member
  } catch (error) {
    await server.stop()
    throw error
  }
}

/**
 * Room of its own for everything that a contender may store.
 *
 * @param {import('./contenders.mjs').Contender} contender
 * @param {string} root
 * @param {Urls} urls
 */
export async function createPlace({ name, store }, root, { redis, postgres }) {
  const folder = join(root, name)
  await mkdir(folder)
  return { folder, redis, postgres: store === 'postgres' ? await createDatabase(postgres, name) : '' }
}

/**
 * Makes the sessions that are read and written later, and weighs them. Then warms up, so that the engine has compiled for all
 * scenarios before any is measured.
 *
 * @param {import('./child.mjs').Child} load
 * @param {Member} member
 * @param {number} sessions
 * @returns {Promise<Footprint>}
 */
export async function seed(load, { contender, server, port, folder }, sessions) {
  const job = { contender: contender.name, port, path: '/new', connections: CONNECTIONS, ms: PATIENCE_MS, keep: true }
  await load.call({ ...job, requests: WARM_SESSIONS })
  const before = { ...(await server.call('memory')), disk: await sizeOf(folder) }
  await load.call({ ...job, requests: sessions })
  const after = { ...(await server.call('memory')), disk: await sizeOf(folder) }
  for (const path of ['/write', '/read']) await load.call({ ...job, path, keep: false, requests: WARM_REQUESTS })
  const each = (/** @type {'heapUsed' | 'external' | 'rss' | 'disk'} */ what) => (after[what] - before[what]) / sessions
  return { contender: contender.name, heap: each('heapUsed') + each('external'), rss: each('rss'), disk: each('disk') }
}

/** @param {string} folder */
async function sizeOf(folder) {
  const names = await readdir(folder, { recursive: true })
  const stats = await Promise.all(names.map((name) => stat(join(folder, name))))
  return stats.reduce((sum, each) => sum + (each.isFile() ? each.size : 0), 0)
}
