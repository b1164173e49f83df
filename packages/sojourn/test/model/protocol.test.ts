import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { runs } from './runs.ts'

/** Everything that can happen, in any order, in bounds that are explored to their end. `npm run model` has the larger graphs. */
describe.each([...new Set(runs.map(({ variant }) => variant))])('the token protocol: %s', (variant) => {
  const small = runs.filter((run) => run.variant === variant && !run.large)
  it.each(small.map((run) => [run.checks.join(' '), run.name, run] as const))(
    '%s: %s',
    async (_checks, _name, run) => {
      const { found, complete } = await explore(run)
      expect(found?.property).toBe(run.happens?.property)
      expect(complete, found?.trace.join('\n')).toBe(run.happens === undefined)
    },
    120_000,
  )
})
