import { describe, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { redisScenarios } from './redis.ts'
import { sqlScenarios } from './sql.ts'
import { suffer } from './suffer.ts'

/** A longer run of the same is `npm run faults`. */
const PACE = { clients: 60, pauseMs: 20, seed: 1, warmRequests: 300, calmMs: 500, patienceMs: 30_000 }

const scenarios = [...redisScenarios, ...sqlScenarios].filter(({ program }) => !without().includes(program))

describe('a store whose server is in trouble', () => {
  test.each(scenarios.map((scenario) => [`${scenario.store} ${scenario.fault}`, scenario] as const))(
    '%s: keeps what it acknowledged, opens nothing that ended, and recovers',
    async (_, scenario) => {
      const { violations, unexpected, example, ...outcome } = await suffer(scenario, PACE)
      console.info(JSON.stringify(outcome))
      expect(violations, JSON.stringify(example)).toEqual({})
      expect(unexpected).toEqual([])
      expect(outcome.recoveredMs).toBeLessThan(5000)
      expect(outcome.requests).toBeGreaterThan(300)
    },
    60_000,
  )
})
