import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import { runs } from './runs.ts'

/** Keeps `npm test` short. `npm run model` explores every graph to its end, and larger ones too. */
const MAX_STATES = 6000

/** Everything that can happen, in any order, within the bounds of each graph. */
describe.each([...new Set(runs.map(({ variant }) => variant))])('the token protocol: %s', (variant) => {
  const small = runs.filter((run) => run.variant === variant && !run.large)
  it.each(small.map((run) => [run.checks.join(' '), run.name, run] as const))(
    '%s: %s',
    async (_checks, _name, run) => {
      const { found, complete, states } = await explore(run, { maxStates: MAX_STATES })
      expect(found?.property, found?.trace.join('\n')).toBe(run.happens?.property)
      expect(found !== null || complete || states >= MAX_STATES).toBe(true)
    },
    120_000,
  )
})
