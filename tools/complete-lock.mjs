/**
 * Adds what a registry that lacks other platforms' binaries leaves out of the lock file: without those entries `npm ci`
 * refuses the file, there and everywhere. Run it after `npm install` when the check says that entries are missing.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'

/** @typedef {{ version: string, optionalDependencies?: Record<string, string>, [field: string]: unknown }} Entry */

const FILE = join(root, 'package-lock.json')

/** @returns {{ packages: Record<string, Entry> }} */
const readLock = () => JSON.parse(readFileSync(FILE, 'utf8'))

/** @param {Record<string, Entry>} packages */
function missingFrom(packages) {
  const present = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)))
  return Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !present.has(name))
      .map(([name, version]) => ({ name, version, parent: path, dev })),
  )
}

/** Platform packages name their platform: `@biomejs/cli-linux-x64-musl`. @param {string} name */
function platformOf(name) {
  const os = name.match(/\b(android|darwin|freebsd|linux|openharmony|win32)\b/)?.[0]
  const cpu = name.match(/\b(arm64|arm|ia32|x64)\b/)?.[0]
  if (os === undefined || cpu === undefined) return null
  return { ...(name.endsWith('musl') && { libc: ['musl'] }), os: [os], cpu: [cpu] }
}

/** @returns {string[]} */
export function checkLock() {
  return missingFrom(readLock().packages).map(
    ({ name, parent }) => `package-lock.json has no entry for ${name}, an optional dependency of ${parent}`,
  )
}

function complete() {
  const lock = readLock()
  for (const { name, version, dev } of missingFrom(lock.packages)) {
    const platform = platformOf(name)
    if (platform === null || !/^\d/.test(version))
      throw new Error(`Cannot tell which platform ${name} ${version} is for.`)
    lock.packages[`node_modules/${name}`] = { version, ...(dev === true && { dev }), optional: true, ...platform }
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) complete()
