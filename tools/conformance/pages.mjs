/** The rows of the pages in `docs/conformance`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../run.mjs'

export const FOLDER = 'docs/conformance'

/**
 * A row of a table below the comment `<!-- requirements -->`. Its first cell is `**7.2.4** (level 1): text`, or
 * `**10.4.1 to 10.4.16**: text` for several requirements at once.
 * @typedef {object} Row
 * @property {number} line
 * @property {string} id
 * @property {string} title the first cell
 * @property {string} verdict
 * @property {string} how
 * @property {string} part
 * @property {string} tests
 */

/** @param {string} page */
export const readPage = (page) => readFileSync(join(root, FOLDER, `${page}.md`), 'utf8')

/**
 * @param {string} text
 * @returns {{ rows: Row[], problems: string[] }}
 */
export function rowsOf(text) {
  const rows = []
  const problems = []
  let isTable = false
  for (const [index, content] of text.split('\n').entries()) {
    if (content === '<!-- requirements -->') isTable = true
    else if (!content.startsWith('|')) isTable = false
    if (!isTable || !content.startsWith('|') || /^\| requirement \||^\|-/.test(content)) continue
    const row = rowOf(content, index + 1)
    if (row === null) problems.push(`line ${index + 1}: a row has five cells and begins with **a number**`)
    else rows.push(row)
  }
  return { rows, problems }
}

/**
 * @param {string} content
 * @param {number} line
 * @returns {Row | null}
 */
function rowOf(content, line) {
  const cells = content.split(/(?<!\\)\|/).map((cell) => cell.trim())
  const [before, title = '', verdict = '', how = '', part = '', tests = '', after] = cells
  const id = /^\*\*([^*]+)\*\*/.exec(title)?.[1]
  return cells.length !== 7 || before !== '' || after !== '' || id === undefined
    ? null
    : { line, id, title, verdict, how, part, tests }
}

/**
 * The requirements of a row: `10.4.1 to 10.4.16` is every one of the standard from the first to the last.
 * @param {string} id
 * @param {readonly string[]} all
 * @returns {string[] | null} `null`: the standard has no such requirement
 */
export function requirementsOf(id, all) {
  const [first = '', last = first] = id.split(' to ')
  const [begin, end] = [all.indexOf(first), all.indexOf(last)]
  return begin === -1 || end < begin ? null : all.slice(begin, end + 1)
}

/**
 * The tests that a cell names: `[describe › test](../../packages/...)`, one after another, with `<br>` between.
 * @param {string} cell
 * @returns {{ name: string, link: string }[] | null} `null`: there is something else in it
 */
export function testsOf(cell) {
  if (cell === '') return []
  const tests = cell.split('<br>').map((text) => /^\[(.+)\]\(([^()\s]+)\)$/.exec(text.trim()))
  if (tests.includes(null)) return null
  return tests.map((match) => ({ name: plain(match?.[1] ?? ''), link: match?.[2] ?? '' }))
}

/**
 * A title as it is in the test file. Markdown needs a backslash before some characters.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/\\([\\`*_{}[\]<>()#+\-.!|$&~])/g, '$1')
}
