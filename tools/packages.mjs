import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

/** @typedef {string | null | { [condition: string]: Target }} Target */
/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {boolean} [private]
 * @property {Record<string, Target>} exports
 * @property {Record<string, Target>} [imports]
 * @property {Record<string, string>} [bin]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 */
/** @typedef {{ folder: string, manifest: Manifest }} Package */

/**
 * The packages that get published.
 * @returns {Package[]}
 */
export function publicPackages() {
  return readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .map((name) => {
      const folder = join(root, 'packages', name)
      return { folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }
    })
    .filter(({ manifest }) => manifest.private !== true)
}

/**
 * The modules a package exports: the name an application imports, and the two built files behind it.
 * @param {Package} pkg
 * @returns {{ specifier: string, code: string, types: string }[]}
 */
export function entriesOf({ manifest }) {
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (target === null || typeof target === 'string') return []
    const { types, default: code } = target
    return [{ specifier: manifest.name + subpath.slice(1), code: String(code), types: String(types) }]
  })
}

/**
 * Files below a folder, `/` between folders on every platform.
 * @param {string} folder
 * @param {string} ending
 * @returns {string[]}
 */
export function filesOf(folder, ending) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith(ending))
    .sort()
}
