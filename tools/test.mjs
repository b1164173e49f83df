/** `npm test`: the checks, then the tests with coverage; `npm test -- <filter>` goes straight to the tests that match. */
import { check } from './check.mjs'
import { checkInstallShortly } from './check-install.mjs'
import { checkGuarantees, KEEP_RESULTS } from './guarantees.mjs'
import { runNode } from './run.mjs'

const filter = process.argv.slice(2)
const failed = filter.length === 0 ? await check() : []

if (filter.length === 0) {
  console.log('\n· the tarballs, installed beside the latest peers')
  const problems = checkInstallShortly()
  for (const problem of problems) console.log(`  ✗ ${problem}`)
  if (problems.length > 0) failed.push('installation')
}

console.log('\n· tests')
const coverage = filter.length === 0 ? ['--coverage', ...KEEP_RESULTS] : []
if (runNode('node_modules/vitest/vitest.mjs', ['run', ...coverage, ...filter]) !== 0) failed.push('tests')
else if (filter.length === 0 && !checkGuarantees()) failed.push('the table of guarantees')

console.log(failed.length === 0 ? '\nAll is well.' : `\nFailed: ${failed.join('; ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1
