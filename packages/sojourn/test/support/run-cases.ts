import { type Case, type CaseContext, reasonNotRun } from '@sojourn/conformance'
import { describe, test } from 'vitest'

/** Each case of a contract suite as a test of its own, under the guarantee that it tests. */
export function testCases<Context extends CaseContext>(
  name: string,
  cases: readonly Case<Context>[],
  ctx: Context,
): void {
  describe(name, () => {
    for (const testCase of cases) {
      const title = testCase.guarantee === undefined ? testCase.name : `${testCase.name} [${testCase.guarantee}]`
      // A slow disk under load is no failure; `runCases` allows as much.
      test(title, { timeout: 30_000 }, async ({ skip }) => {
        const reason = reasonNotRun(testCase, ctx)
        if (reason !== null) skip(reason)
        await testCase.run(ctx)
      })
    }
  })
}
