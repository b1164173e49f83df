import { defineConfig } from 'vitest/config'
import { breakage } from './tools/breakages/list.mjs'
import { breakSource } from './tools/breakages/plugin.mjs'
import base from './vitest.config.ts'

const one = breakage(process.env.BREAKAGE)

/** The response matrix, and a few tests beside it, on sources of which one line is broken; see tools/breakages.mjs. */
export default defineConfig({
  ...(base.resolve && { resolve: base.resolve }),
  plugins: one === undefined ? [] : [breakSource(one)],
  test: {
    include: [
      'packages/sojourn/test/adapters/matrix/*.test.ts',
      // What the matrix cannot show: a client that leaves early, an `end` that throws, a platform with its own `Response`.
      'packages/sojourn/test/adapters/{held-response,held-express,error-headers}.test.ts',
      // Server actions and components, which have no column in the matrix.
      ...(one === undefined || /next|readonly/.test(one.file) ? ['packages/sojourn/test/adapters/next.test.ts'] : []),
    ],
    // A broken response often never comes. The whole ones take a tenth of this.
    testTimeout: 2_500,
    // What a breakage throws beside a test is no reason to stop.
    dangerouslyIgnoreUnhandledErrors: true,
  },
})
