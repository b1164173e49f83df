/**
 * `npm run mutation [-- <target> [--every N [--offset K]]]`: breaks the code of a target in every small way there is
 * (or one way in N), and lists what no test noticed. Each offset below N draws other mutants.
 * Targets: tools/mutation/targets.mjs; default `core`.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isInSample } from './mutation/sample.mjs'
import { TARGETS } from './mutation/targets.mjs'
import { giveUp, root, runNode } from './run.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { every: { type: 'string', default: '1' }, offset: { type: 'string', default: '0' } },
})
const name = positionals[0] ?? 'core'
const target = TARGETS[name]
if (target === undefined) giveUp(`There is no target "${name}". Targets: ${Object.keys(TARGETS).join(', ')}.`)
if (!/^[1-9]\d*$/.test(values.every)) giveUp('--every takes a whole number: 4 tries one mutant in four.')
if (!/^\d+$/.test(values.offset) || Number(values.offset) >= Number(values.every))
  giveUp('--offset takes a whole number below that of --every.')
const sample = { every: Number(values.every), offset: Number(values.offset) }

process.env.MUTATION_TARGET = name
process.env.MUTATION_EVERY = values.every
process.env.MUTATION_OFFSET = values.offset
const exitCode = runNode('node_modules/@stryker-mutator/core/bin/stryker.js', ['run'])
if (exitCode !== 0) process.exit(exitCode)

/** @type {{ files: Record<string, { mutants: { status: string, mutatorName: string, replacement?: string, location: { start: { line: number, column: number } } }[] }> }} */
const report = JSON.parse(readFileSync(join(root, `reports/mutation/${name}.json`), 'utf8'))
const mutants = Object.entries(report.files).flatMap(([fileName, file]) =>
  file.mutants.map((mutant) => ({ ...mutant, fileName: join(root, fileName) })),
)
// Mutants without tests do not reach the sample's checker, so the sample is drawn here.
const tried = mutants.filter((mutant) =>
  mutant.status === 'NoCoverage' ? isInSample(mutant, sample) : mutant.status !== 'CompileError',
)
/** @param {...string} statuses */
const count = (...statuses) => tried.filter(({ status }) => statuses.includes(status)).length

const killed = count('Killed')
const timedOut = count('Timeout')
const survived = count('Survived')
const uncovered = count('NoCoverage')
const score = (100 * (killed + timedOut)) / tried.length
console.log('\n| target | mutants | tried | killed | timed out | survived | not covered | score |')
console.log('|---|--:|--:|--:|--:|--:|--:|--:|')
console.log(
  `| ${name} | ${mutants.length} | ${tried.length} | ${killed} | ${timedOut} | ${survived} | ${uncovered} | ${score.toFixed(1)} % |`,
)
if (score < target.least) giveUp(`The score of ${name} is under ${target.least} %.`)
