/** The tables of other documents that are made from the pages in `docs/conformance`. */
import { FOLDER, readPage, requirementsOf, rowsOf } from './pages.mjs'
import { STANDARDS } from './standards.mjs'
import { VERDICTS } from './verdicts.mjs'

const BLOCK = /(<!-- conformance: [^\n]*-->\n)([\s\S]*?)(<!-- end of conformance -->)/

/** @param {readonly string[]} cells */
const line = (cells) => `| ${cells.join(' | ')} |\n`

/** ASVS, without the tests and without what does not apply. */
function asvsTable() {
  const rows = rowsOf(readPage('asvs')).rows.filter(({ verdict }) => verdict !== 'does not apply')
  return [
    line(['requirement', 'verdict', 'how it is met', 'your part']),
    '|---|---|---|---|\n',
    ...rows.map(({ title, verdict, how, part }) => line([title, verdict, moved(how), moved(part)])),
  ].join('')
}

/**
 * A text of a page in `docs/conformance`, for a document at the root.
 * @param {string} text
 */
function moved(text) {
  return text.replace(/\]\(\.\.\/\.\.\//g, '](').replace(/\]\(\.\.\//g, '](docs/')
}

/** How many requirements of each standard have which verdict. */
function countsTable() {
  return [
    line(['standard', ...VERDICTS.map(({ word }) => word)]),
    `|---|${'---|'.repeat(VERDICTS.length)}\n`,
    ...STANDARDS.map(({ page, name, requirements }) => {
      const verdicts = rowsOf(readPage(page)).rows.flatMap(({ id, verdict }) =>
        (requirementsOf(id, requirements) ?? []).map(() => verdict),
      )
      const counts = VERDICTS.map(({ word }) => String(verdicts.filter((one) => one === word).length))
      return line([`[${name}](${page}.md)`, ...counts])
    }),
  ].join('')
}

/** @returns {readonly { file: string, text: string }[]} each document, and the table that it must show */
export function blocks() {
  return [
    { file: 'SECURITY.md', text: asvsTable() },
    { file: `${FOLDER}/overview.md`, text: countsTable() },
  ]
}

/**
 * The table that a document shows.
 * @param {string} document
 */
export const blocksIn = (document) => BLOCK.exec(document)?.[2] ?? null

/**
 * @param {string} document
 * @param {string} table
 */
export const withBlock = (document, table) => document.replace(BLOCK, (_, begin, __, end) => begin + table + end)
