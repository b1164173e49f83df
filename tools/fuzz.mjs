/**
 * `npm run fuzz`: the property tests with a new seed, where `npm test` always takes the same one. `npm run fuzz -- <filter>`
 * runs the files that match. `FUZZ_SEED` repeats a run.
 */
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { root, runNode } from './run.mjs'

process.env.FUZZ_SEED ??= String(randomInt(2 ** 31))
console.log(`FUZZ_SEED=${process.env.FUZZ_SEED}`)

const listed = execFileSync('git', ['grep', '-l', "from 'fast-check'", '--', '*.test.ts'], {
  cwd: root,
  encoding: 'utf8',
})
const filters = process.argv.slice(2)
const files = listed
  .split('\n')
  .filter((file) => file !== '' && (filters.length === 0 || filters.some((each) => file.includes(each))))
process.exitCode = runNode('node_modules/vitest/vitest.mjs', ['run', ...files])
