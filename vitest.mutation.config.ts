import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The tests that cover core, alone: a mutant should not wait for frameworks and browsers. */
export default defineConfig({
  ...(base.resolve && { resolve: base.resolve }),
  test: {
    include: ['packages/sojourn/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'packages/sojourn/test/{adapters,stores,carriers,guards}/**'],
  },
})
