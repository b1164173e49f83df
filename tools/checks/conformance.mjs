import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocks, blocksIn } from '../conformance/blocks.mjs'
import { createLostTests, readFromRoot } from '../conformance/lost-tests.mjs'
import { FOLDER, readPage, requirementsOf, rowsOf } from '../conformance/pages.mjs'
import { STANDARDS } from '../conformance/standards.mjs'
import { VERDICTS } from '../conformance/verdicts.mjs'
import { root } from '../run.mjs'

/** @typedef {import('../conformance/pages.mjs').Row} Row */
/** @typedef {import('../conformance/lost-tests.mjs').Reader} Reader */

/**
 * What is wrong with one page: requirements that are missing, unknown or there twice, incomplete rows, tests that do not exist.
 * @param {string} text
 * @param {readonly string[]} all the requirements of the standard
 * @param {Reader} read
 * @returns {string[]}
 */
export function pageProblems(text, all, read) {
  const { rows, problems } = rowsOf(text)
  const covered = rows.flatMap(({ id }) => requirementsOf(id, all) ?? [])
  const twice = covered.filter((id, index) => covered.indexOf(id) !== index)
  const lostTests = createLostTests(read)
  return [
    ...problems,
    ...all.filter((id) => !covered.includes(id)).map((id) => `no row for ${id}`),
    ...twice.map((id) => `more than one row for ${id}`),
    ...rows
      .filter(({ id }) => requirementsOf(id, all) === null)
      .map((row) => `${at(row)} the standard has no such number`),
    ...rows.flatMap((row) =>
      [...incomplete(row), ...lostTests(row.tests, FOLDER)].map((problem) => `${at(row)} ${problem}`),
    ),
  ]
}

/** @param {Row} row */
const at = ({ line, id }) => `line ${line}, ${id}:`

/** @param {Row} row */
function incomplete({ title, verdict, how, part, tests }) {
  const rule = VERDICTS.find(({ word }) => word === verdict)
  if (rule === undefined) return [`the verdict "${verdict}" is none of ${VERDICTS.map(({ word }) => word).join(', ')}`]
  const problems = []
  if (!/^\*\*[^*]+\*\*(?: \(level [123]\))?: \S/.test(title))
    problems.push('the first cell does not say what is required')
  if (how === '') problems.push('the row does not say how, or why not')
  if (rule.needsPart && part === '')
    problems.push(`"${verdict}" needs what remains for the application or the operator`)
  if (rule.needsTest && tests === '') problems.push(`"${verdict}" needs a test`)
  return problems
}

/** Each page of `docs/conformance` is complete, its tests exist, and the tables of other documents are made from it. */
export function checkConformance() {
  const pages = STANDARDS.flatMap(({ page, requirements }) =>
    pageProblems(readPage(page), requirements, readFromRoot).map((problem) => `${FOLDER}/${page}.md: ${problem}`),
  )
  const tables = blocks().flatMap(({ file, text }) =>
    blocksIn(readFileSync(join(root, file), 'utf8')) === text
      ? []
      : [`${file} shows another table than ${FOLDER}. Write it: node tools/conformance.mjs`],
  )
  return [...pages, ...tables]
}
