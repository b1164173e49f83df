/** Whether the tests that a document names are there. */
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { root } from '../run.mjs'
import { testsOf } from './pages.mjs'
import { isTitle, titlesOf } from './titles.mjs'

/** @typedef {import('./titles.mjs').Titled} Titled */

/** Returns the text of a file of the repository, or `null`. @typedef {(file: string) => string | null} Reader */

/** Tests, and the cases that tests run against every store, carrier and adapter. */
const HAS_TESTS = /\.test\.ts$|^packages\/conformance\/src\/[\w-]+\/[\w-]+\.ts$/

/** @type {Reader} */
export const readFromRoot = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : null)

/**
 * @param {Reader} read
 * @returns what is wrong with a cell that names tests, `[name](file)`, with `<br>` between. Links begin at `folder`.
 */
export function createLostTests(read) {
  /** @type {Map<string, readonly Titled[] | null>} */
  const known = new Map()

  /** @param {string} file */
  function titles(file) {
    if (!known.has(file)) {
      const text = HAS_TESTS.test(file) ? read(file) : null
      known.set(file, text === null ? null : titlesOf(file, text))
    }
    return known.get(file) ?? null
  }

  /**
   * @param {string} cell
   * @param {string} folder
   */
  return (cell, folder) => {
    const named = testsOf(cell)
    if (named === null) return ['the last cell has something other than tests, [name](file), with <br> between']
    return named.flatMap(({ name, link }) => {
      const file = posix.join(folder, link)
      const all = titles(file)
      if (all === null) return [`${file} has no tests, or is not there`]
      return isTitle(name, all) ? [] : [`${file} has no test "${name}"`]
    })
  }
}
