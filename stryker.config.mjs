import { currentTarget } from './tools/mutation/targets.mjs'

const { mutate } = currentTarget()
const name = process.env.MUTATION_TARGET ?? 'core'

/** `npm run mutation` sets the target; see tools/mutation.mjs. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner', './tools/mutation/sample.mjs'],
  checkers: ['sample'],
  mutate: [...mutate],
  ignorePatterns: ['bench', 'docs', 'examples', 'dist', 'coverage', 'reports'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  jsonReporter: { fileName: `reports/mutation/${name}.json` },
  htmlReporter: { fileName: `reports/mutation/${name}.html` },
  reporters: ['progress', 'clear-text', 'json', 'html'],
  clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: false },
}
