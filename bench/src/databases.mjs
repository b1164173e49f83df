import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findProgram } from '../../tools/servers.mjs'
import { pinned } from './child.mjs'

/**
 * @typedef {object} Database A database server of our own, on a free port of the loopback address.
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<void>} stop
 */

const run = promisify(execFile)
const PATIENCE_MS = 30_000

/** @param {string} name */
function programOf(name) {
  const path = findProgram(name)
  if (path === null) throw new Error(`${name} is not installed. npm test installs it, or says how to.`)
  return path
}

/** @returns {Promise<number>} a port that was free a moment ago. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}

/** @param {number} port @returns {Promise<boolean>} */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {number} port
 * @param {import('node:child_process').SpawnOptions} [options]
 */
async function launch(program, args, port, options = {}) {
  // Beside the load, so that the core of the servers under test is theirs alone.
  const command = pinned ? ['taskset', '-c', '1', program, ...args] : [program, ...args]
  const child = spawn(command[0] ?? '', command.slice(1), { ...options, stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for (const until = Date.now() + PATIENCE_MS; !(await accepts(port)); await sleep(20)) {
    if (child.exitCode === null && Date.now() < until) continue
    kill()
    throw new Error(`${program} did not come up.`)
  }
  return {
    pid: child.pid ?? 0,
    async stop() {
      process.removeListener('exit', kill)
      child.kill('SIGINT')
      await ended
    },
  }
}

/**
 * Redis at its defaults, but for the disk: nothing of a benchmark is to be kept.
 *
 * @param {string} root
 * @returns {Promise<Database>}
 */
export async function startRedis(root) {
  const port = await freePort()
  const folder = join(root, `redis-${port}`)
  mkdirSync(folder)
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  return { url: `redis://127.0.0.1:${port}`, ...(await launch(programOf('redis-server'), args, port)) }
}

/** PostgreSQL refuses to run as root. @returns {{ uid: number, gid: number } | null} */
function servant() {
  if (process.getuid?.() !== 0) return null
  const idOf = (/** @type {string} */ flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/**
 * PostgreSQL at its defaults: a commit is on disk before it is answered.
 *
 * @param {string} root
 * @returns {Promise<Database>}
 */
export async function startPostgres(root) {
  const port = await freePort()
  const folder = join(root, `postgres-${port}`)
  const user = servant()
  mkdirSync(folder)
  if (user !== null) {
    chmodSync(root, 0o711)
    chownSync(folder, user.uid, user.gid)
  }
  const data = join(folder, 'data')
  const as = { ...user, cwd: folder }
  await run(programOf('initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], as)
  const args = ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder]
  const server = await launch(programOf('postgres'), args, port, as)
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await answers(url)
  return { url, ...server }
}

/** It accepts connections a moment before it answers. @param {string} url */
async function answers(url) {
  const { Client } = (await import('pg')).default
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(20)) {
    const client = new Client({ connectionString: url })
    try {
      await client.connect()
      return await client.query('select 1')
    } catch (error) {
      if (Date.now() > until) throw error
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/**
 * A database of its own on that server.
 *
 * @param {string} url
 * @param {string} name
 * @returns {Promise<string>} its URL.
 */
export async function createDatabase(url, name) {
  const { Client } = (await import('pg')).default
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`create database "${name}"`)
  await client.end()
  return new URL(`/${name}`, url).href
}

/**
 * The servers that these contenders need.
 *
 * @param {string} root
 * @param {readonly import('./contenders.mjs').Contender[]} contenders
 */
export async function startDatabases(root, contenders) {
  const needs = (/** @type {string[]} */ ...stores) => contenders.some(({ store }) => stores.includes(store))
  const redis = needs('redis', 'ioredis', 'near-cache') ? await startRedis(root) : null
  const postgres = needs('postgres') ? await startPostgres(root) : null
  return {
    urls: { redis: redis?.url ?? '', postgres: postgres?.url ?? '' },
    async stop() {
      await Promise.all([redis?.stop(), postgres?.stop()])
    },
  }
}
