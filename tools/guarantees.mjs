/**
 * The table of docs/stores/README.md, made from a run of all tests: what each store was seen to keep. `npm test` compares it;
 * `node tools/guarantees.mjs` writes it from the last full run.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './run.mjs'

/** The file for the results of a full run, and the options of vitest that write it. */
const RESULTS = join(root, 'coverage', 'tests.json')
export const KEEP_RESULTS = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`]

const PAGE = join(root, 'docs', 'stores', 'README.md')
const TABLE = /(<!-- guarantees: [^\n]*-->\n)[\s\S]*?(<!-- end of guarantees -->)/

/** By test file: the cases in it run on the store itself. Workers answer for all cases at once. */
const STORES = [
  { title: 'memory', file: 'memory.test.ts' },
  { title: '[LMDB](../reference/stores.md#lmdb)', file: 'lmdb.test.ts' },
  { title: '[SQLite](sqlite.md)', file: 'sqlite.test.ts' },
  { title: '[Redis](redis.md)', file: 'redis.test.ts' },
  { title: '[Redis Cluster](redis.md)', file: 'redis.cluster.test.ts' },
  { title: '[PostgreSQL](postgres.md)', file: 'postgres.test.ts' },
  { title: '[MariaDB, MySQL](mysql.md)', file: 'mysql.test.ts' },
  { title: '[DynamoDB](dynamodb.md)', file: 'dynamodb.test.ts' },
  { title: '[`connect-*`](connect.md)', file: 'connect.test.ts' },
]

/** @typedef {{ title: string, status: string }} Assertion */
/** @typedef {{ testResults: { name: string, assertionResults: Assertion[] }[] }} Results */

/**
 * How many cases of a guarantee passed on a store, out of how many. A store with several drivers counts each case once: it
 * passed on those that can run it.
 * @param {readonly Assertion[]} assertions
 * @param {string} guarantee
 */
function countOf(assertions, guarantee) {
  const cases = new Map()
  for (const { title, status } of assertions) {
    if (title.endsWith(`[${guarantee}]`)) cases.set(title, cases.get(title) === true || status === 'passed')
  }
  const passed = [...cases.values()].filter(Boolean).length
  return passed === cases.size ? `${passed}` : `${passed} of ${cases.size}`
}

/** @param {Results} results */
function toTable({ testResults }) {
  const columns = STORES.map(({ title, file }) => {
    const found = testResults.find(({ name }) => name.replaceAll('\\', '/').endsWith(`/test/stores/${file}`))
    if (found === undefined) throw new Error(`No results of ${file}.`)
    return { title, assertions: found.assertionResults }
  })
  const titles = columns.flatMap(({ assertions }) =>
    assertions.map(({ title }) => /\[(\d+ [^\]]+)\]$/.exec(title)?.[1]),
  )
  const guarantees = [...new Set(titles.filter((title) => title !== undefined))].sort(
    (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
  )
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |\n`
  const rows = guarantees.map((each) => line([each, ...columns.map(({ assertions }) => countOf(assertions, each))]))
  return [
    line(['guarantee', ...columns.map(({ title }) => title)]),
    `|${'---|'.repeat(columns.length + 1)}\n`,
    ...rows,
  ].join('')
}

function wanted() {
  const table = toTable(JSON.parse(readFileSync(RESULTS, 'utf8')))
  return readFileSync(PAGE, 'utf8').replace(TABLE, (_, begin, end) => begin + table + end)
}

/** Whether the page matches the run. A run without some servers cannot be compared. */
export function checkGuarantees() {
  if ((process.env.SOJOURN_TEST_WITHOUT ?? '') !== '') return true
  if (wanted() === readFileSync(PAGE, 'utf8')) return true
  console.log('  ✗ docs/stores/README.md shows another table than this run. Write it: node tools/guarantees.mjs')
  return false
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(PAGE, wanted())
}
