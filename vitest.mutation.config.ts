import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The tests of core, alone: a mutant should not wait for frameworks and browsers. */
export default defineConfig({
  ...(base.resolve && { resolve: base.resolve }),
  test: {
    include: ['packages/sojourn/test/core/**/*.test.ts'],
    // Few schedules of the model, and always the same: thousands of mutants run it, and their fate must not be chance.
    env: { MODEL_RUNS: '0.2', MODEL_SEED: '1' },
  },
})
