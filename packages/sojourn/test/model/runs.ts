import type { Run } from './run.ts'
import { runsOfEnds } from './runs-ends.ts'
import { runsOfFailover } from './runs-failover.ts'
import { runsOfHonest } from './runs-honest.ts'
import { runsOfThief } from './runs-thief.ts'

export const runs: readonly Run[] = [...runsOfEnds, ...runsOfHonest, ...runsOfThief, ...runsOfFailover]
