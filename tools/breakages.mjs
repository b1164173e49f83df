/**
 * `node tools/breakages.mjs [word]`: breaks the adapters in known ways, one after the other, runs the response matrix on
 * each, and lists the cells that no breakage turned red. Fails if there is one, or if a breakage turned none of the cells
 * red that are there for it. Breakages: tools/breakages/list.mjs.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BREAKAGES } from './breakages/list.mjs'
import { assertApplies } from './breakages/plugin.mjs'
import { giveUp, root } from './run.mjs'

const word = process.argv[2] ?? ''
const chosen = BREAKAGES.filter(({ name }) => name.includes(word))
if (chosen.length === 0) giveUp(`There is no breakage with "${word}" in its name.`)
for (const one of BREAKAGES) assertApplies(one)

const folder = mkdtempSync(join(tmpdir(), 'breakages-'))
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.breakages.config.ts', '--reporter', 'json']

/**
 * The cells of one run, and whether each is green.
 * @param {string} name
 * @returns {Map<string, boolean>}
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
    /** @type {{ testResults: { assertionResults: { fullName: string, status: string }[] }[] }} */
    const { testResults } = JSON.parse(readFileSync(outputFile, 'utf8'))
    const cells = testResults.flatMap(({ assertionResults }) => assertionResults)
    return new Map(cells.map(({ fullName, status }) => [fullName, status === 'passed']))
  } catch {
    return giveUp(`The matrix did not run with the breakage "${name}".\n${stderr}`)
  }
}

const whole = runMatrix('')
const ill = [...whole].filter(([, isGreen]) => !isGreen).map(([cell]) => cell)
if (whole.size === 0 || ill.length > 0) giveUp(`Without a breakage these are red:\n${ill.join('\n')}`)

const never = new Set(whole.keys())
/** @type {string[]} */
const missed = []
console.log(`${whole.size} cells\n\n| breakage | aimed at | of these red | red |\n|---|--:|--:|--:|`)
for (const { name, aim } of chosen) {
  const red = [...runMatrix(name)].filter(([, isGreen]) => !isGreen).map(([cell]) => cell)
  const aimed = [...whole.keys()].filter((cell) => aim.test(cell))
  const hits = red.filter((cell) => aim.test(cell))
  for (const cell of red) never.delete(cell)
  if (hits.length === 0) missed.push(name)
  console.log(`| ${name} | ${aimed.length} | ${hits.length} | ${red.length} |`)
}
rmSync(folder, { recursive: true })

console.log(`\nCells that were never red: ${never.size}`)
for (const cell of never) console.log(`  ${cell}`)
if (missed.length > 0) giveUp(`These turned no cell red that is there for them:\n${missed.join('\n')}`)
if (word === '' && never.size > 0) giveUp('A test that cannot fail is a defect.')
