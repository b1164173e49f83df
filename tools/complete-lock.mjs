/**
 * Adds the entries for other platforms' binaries that a registry without them omits from a lock file. Without them `npm ci`
 * refuses the file, there and everywhere. Run it after `npm install` when the check says that entries are missing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DIRECTUS } from './directus.mjs'
import { PEERS } from './peers.mjs'
import { root } from './run.mjs'
import { RUNTIMES } from './runtimes.mjs'

/**
 * @typedef {object} Entry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [dev]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 */

/** The folders with a lock file. */
export const LOCKED = ['', RUNTIMES, DIRECTUS, `${PEERS}/oldest`, `${PEERS}/latest`]

/**
 * @param {string} folder
 * @returns {{ packages: Record<string, Entry> }}
 */
export const readLock = (folder = '') => JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8'))

/**
 * Optional dependencies without an entry of their own.
 * @param {Record<string, Entry>} packages
 */
export function missingFrom(packages) {
  const present = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)))
  return Object.entries(packages).flatMap(([parent, { dev = false, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !present.has(name))
      .map(([name, version]) => ({ name, version, parent, dev })),
  )
}

/**
 * Platform packages say in their name what they are for: `@biomejs/cli-linux-x64-musl`.
 * @param {string} name
 * @param {string} version
 */
function platformOf(name, version) {
  const os = name.match(/\b(android|darwin|freebsd|linux|openharmony|win32)\b/)?.[0]
  const cpu = name.match(/\b(arm64|arm|ia32|x64)\b/)?.[0]
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(`Cannot tell which platform ${name} ${version} is for: add its entry by hand.`)
  }
  return { ...(name.endsWith('-musl') && { libc: ['musl'] }), os: [os], cpu: [cpu] }
}

/** @param {string} folder */
function complete(folder) {
  const lock = readLock(folder)
  const missing = missingFrom(lock.packages)
  if (missing.length === 0) return
  for (const { name, version, dev } of missing) {
    const entry = { version, ...(dev && { dev }), optional: true, ...platformOf(name, version) }
    lock.packages[`node_modules/${name}`] = entry
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  const text = JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)
  writeFileSync(join(root, folder, 'package-lock.json'), `${text}\n`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const folder of LOCKED) complete(folder)
}
