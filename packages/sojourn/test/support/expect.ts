import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect'

/** Vitest's `expect` without Vitest: what programs for other runtimes get when they import it. */
for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

export const expect: Chai.ExpectStatic = chai.expect
