import { describe, expect, test } from 'vitest'
import { scenarios } from './scenarios.ts'
import { suffer } from './suffer.ts'

/** A longer run, with its times, is `npm run faults`. */
const PACE = { clients: 60, pauseMs: 20, seed: 1, warmRequests: 250, calmMs: 300, patienceMs: 30_000, lastingMs: 2_000 }

describe('a store whose server is in trouble', () => {
  test.each(scenarios.map((scenario) => [`${scenario.store}, ${scenario.fault}`, scenario] as const))(
    '%s: what was acknowledged is there, what ended stays ended, and requests are answered again',
    async (_, scenario) => {
      const outcome = await suffer(scenario, PACE)
      expect(outcome.violations, JSON.stringify(outcome.example)).toEqual({})
      expect(outcome.unexpected).toEqual([])
      expect(outcome.recoveredMs).toBeLessThan(PACE.patienceMs)
    },
    90_000,
  )
})
