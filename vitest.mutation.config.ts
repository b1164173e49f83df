import { defineConfig } from 'vitest/config'
import { currentTarget } from './tools/mutation/targets.mjs'
import base from './vitest.config.ts'

const { tests } = currentTarget()

/** The tests of the target, alone: a mutant should not wait for servers and browsers. */
export default defineConfig({
  ...(base.resolve && { resolve: base.resolve }),
  test: {
    include: tests.filter((glob) => !glob.startsWith('!')),
    exclude: [...tests.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1)), '**/*.browser.test.ts'],
    // The mutated code is slower, and a test that fails for its time alone stops the whole run.
    testTimeout: 30_000,
    // Few schedules of the model, and always the same: thousands of mutants run it, and their fate must not be chance.
    env: { MODEL_RUNS: '0.2', MODEL_SEED: '1' },
  },
})
