/**
 * `node tools/breakages.mjs [word] [cells]`: breaks the adapters in known ways, one after the other, runs the response
 * matrix on each, and lists the cells that no breakage turned red. Fails if there is one, or if a breakage turned none of
 * the tests red that are there for it. `word` chooses breakages by name, `cells` is a pattern for the names of the tests
 * to run. Breakages: tools/breakages/list.mjs.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BREAKAGES } from './breakages/list.mjs'
import { assertApplies } from './breakages/plugin.mjs'
import { giveUp, root } from './run.mjs'

const [word = '', cells = ''] = process.argv.slice(2)
const chosen = BREAKAGES.filter(({ name }) => name.includes(word))
if (chosen.length === 0) giveUp(`There is no breakage with "${word}" in its name.`)
for (const one of BREAKAGES) assertApplies(one)

const folder = mkdtempSync(join(tmpdir(), 'breakages-'))
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.breakages.config.ts', '--reporter', 'json']
if (cells !== '') vitest.push('--testNamePattern', cells)

/**
 * The tests of one run, and whether each is green.
 * @param {string} name
 */
function runMatrix(name) {
  const outputFile = join(folder, 'cells.json')
  rmSync(outputFile, { force: true })
  const env = { ...process.env, BREAKAGE: name }
  const { stderr } = spawnSync(process.execPath, [...vitest, '--outputFile', outputFile], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  try {
    /** @type {{ testResults: { name: string, assertionResults: { fullName: string, status: string }[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8'))
    const tests = testResults.flatMap(({ name: file, assertionResults }) =>
      assertionResults.map(({ fullName, status }) => ({
        name: fullName,
        isGreen: status === 'passed',
        isRun: status === 'passed' || status === 'failed',
        isCell: file.includes('/matrix/'),
      })),
    )
    return tests.filter(({ isRun }) => isRun)
  } catch {
    return giveUp(`The matrix did not run with the breakage "${name}".\n${stderr}`)
  }
}

/**
 * @param {ReturnType<typeof runMatrix>} tests
 * @returns {string[]}
 */
const redOf = (tests) => tests.filter(({ isGreen }) => !isGreen).map(({ name }) => name)

const whole = runMatrix('')
const ill = redOf(whole)
if (whole.length === 0 || ill.length > 0) giveUp(`Without a breakage these are red:\n${ill.join('\n')}`)

const never = new Set(whole.filter(({ isCell }) => isCell).map(({ name }) => name))
const count = never.size
/** @type {string[]} */
const missed = []
console.log(`${count} cells\n\n| breakage | aimed at | of these red | red cells |\n|---|--:|--:|--:|`)
for (const { name, aim } of chosen) {
  const tests = runMatrix(name)
  const red = redOf(tests)
  const hits = red.filter((one) => aim.test(one))
  for (const one of red) never.delete(one)
  if (hits.length === 0) missed.push(name)
  const aimed = whole.filter((one) => aim.test(one.name)).length
  const redCells = redOf(tests.filter(({ isCell }) => isCell)).length
  console.log(`| ${name} | ${aimed} | ${hits.length} | ${redCells} |`)
}
rmSync(folder, { recursive: true })

console.log(`\n${count} cells, ${count - never.size} were red, ${never.size} never:`)
for (const cell of never) console.log(`  ${cell}`)
if (missed.length > 0) giveUp(`These turned no cell red that is there for them:\n${missed.join('\n')}`)
if (word === '' && never.size > 0) giveUp('A test that cannot fail is a defect.')
