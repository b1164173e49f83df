import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { giveUp, root, withRetries } from './run.mjs'

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean }} LockEntry */

/**
 * @param {string} path
 * @returns {Record<string, LockEntry> | null}
 */
function entriesOf(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages
  } catch {
    return null
  }
}

/**
 * Compares the lock file with the one npm leaves in node_modules, which lists the packages that are really installed.
 * @param {string} folder
 */
export function isInstalled(folder = '') {
  const wanted = entriesOf(join(folder, 'package-lock.json'))
  const present = entriesOf(join(folder, 'node_modules/.package-lock.json'))
  if (wanted === null || present === null) return false
  return Object.entries(wanted)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.optional)
    .every(([path, entry]) => {
      const found = present[path]
      return found?.version === entry.version && found?.integrity === entry.integrity && found?.link === entry.link
    })
}

/**
 * @param {readonly string[]} args
 * @param {'inherit' | 'pipe'} stdio
 * @param {string} folder
 */
export function npm(args, stdio, folder = '') {
  const script = process.env.npm_execpath
  const cwd = resolve(root, folder)
  return script === undefined
    ? spawnSync('npm', args, { cwd, stdio, encoding: 'utf8', shell: process.platform === 'win32' })
    : spawnSync(process.execPath, [script, ...args], { cwd, stdio, encoding: 'utf8' })
}

/**
 * Installs exactly what the lock file says.
 * @param {string} folder
 */
export function install(folder = '') {
  console.log(`Installing what ${join(folder, 'package-lock.json')} names (npm ci) ...`)
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  if (!withRetries(() => npm(args, 'inherit', folder).status === 0)) {
    giveUp('npm ci failed, see above. If package.json and package-lock.json differ, run: npm install')
  }
}
