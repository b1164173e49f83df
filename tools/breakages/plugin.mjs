import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../run.mjs'

/** @typedef {import('./list.mjs').Breakage} Breakage */

const ADAPTERS = 'packages/sojourn/src/adapters/'

/**
 * The broken source. Throws if the place to break is not there exactly once: the breakage would prove nothing.
 * @param {Breakage} breakage
 * @param {string} source
 */
export function applyBreakage({ name, file, find, replace }, source) {
  const count = source.split(find).length - 1
  if (count !== 1) throw new Error(`The breakage "${name}" finds its place ${count} times in ${file}, not once.`)
  return source.replace(find, () => replace)
}

/** @param {Breakage} breakage */
export function assertApplies(breakage) {
  applyBreakage(breakage, readFileSync(join(root, ADAPTERS, breakage.file), 'utf8'))
}

/**
 * Breaks one source in memory, on its way into the tests.
 * @param {Breakage} breakage
 * @returns {import('vite').Plugin}
 */
export function breakSource(breakage) {
  return {
    name: 'breakage',
    enforce: 'pre',
    transform: (code, id) => (id.endsWith(ADAPTERS + breakage.file) ? applyBreakage(breakage, code) : null),
  }
}
