import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOCKED, missingFrom, readLock } from '../complete-lock.mjs'
import { root } from '../run.mjs'

/** @typedef {import('../complete-lock.mjs').Entry} Entry */

const KINDS = /** @type {const} */ (['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'])

const EXACT = /^(npm:(@?[^@]+)@)?\d+\.\d+\.\d+(-[\w.]+)?$/

/**
 * @param {string} folder
 * @param {Entry} locked
 */
function manifestProblems(folder, locked) {
  const name = join(folder, 'package.json')
  /** @type {Entry} */
  const manifest = JSON.parse(readFileSync(join(root, name), 'utf8'))
  return KINDS.flatMap((kind) => {
    const wanted = manifest[kind] ?? {}
    const loose = Object.entries(wanted).filter(([, range]) => kind !== 'peerDependencies' && !EXACT.test(range))
    const stale = Object.entries(wanted).filter(([dependency, range]) => locked[kind]?.[dependency] !== range)
    return [
      ...loose.map(([dependency, range]) => `${name}: ${dependency} ${range} is not an exact version`),
      ...stale.map(([dependency, range]) => `package-lock.json does not know ${dependency} ${range} of ${name}`),
    ]
  })
}

/** Every version is pinned, and the lock files are whole, up to date and bound to no registry. */
export function checkDependencies() {
  return LOCKED.flatMap(lockProblems)
}

/** @param {string} home */
function lockProblems(home) {
  const { packages } = readLock(home)
  const file = join(home, 'package-lock.json')
  const folders = Object.keys(packages).filter((path) => !path.includes('node_modules/'))
  const hosts = Object.entries(packages).filter(([, { resolved = '' }]) => /^https?:/.test(resolved))
  return [
    ...folders.flatMap((folder) => manifestProblems(join(home, folder), packages[folder] ?? {})),
    ...missingFrom(packages).map(({ name, parent }) => `${file} lacks ${name}, which is optional to ${parent}`),
    ...hosts.map(([path]) => `${file} binds ${path} to one registry`),
  ]
}
