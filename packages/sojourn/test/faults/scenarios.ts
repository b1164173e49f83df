import { without } from '../../../../tools/servers.mjs'
import type { Scenario } from './deployment.ts'
import { processScenarios } from './processes.ts'
import { redisScenarios } from './redis.ts'
import { sqlScenarios } from './sql.ts'

/** All of them, but for the servers that the user chose to do without. */
export const scenarios: readonly Scenario[] = [...redisScenarios, ...sqlScenarios, ...processScenarios].filter(
  ({ program }) => !without().includes(program),
)
