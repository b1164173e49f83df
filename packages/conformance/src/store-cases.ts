import type { StoreCase } from './store/context.ts'
import { createCases } from './store/create-cases.ts'
import { damagedCases } from './store/damaged-cases.ts'
import { dataCases } from './store/data-cases.ts'
import { endCases } from './store/end-cases.ts'
import { faultCases } from './store/fault-cases.ts'
import { isolationCases } from './store/isolation-cases.ts'
import { listCases } from './store/list-cases.ts'
import { scanCases } from './store/scan-cases.ts'
import { sessionRaceCases } from './store/session-race-cases.ts'
import { sessionTimeCases } from './store/session-time-cases.ts'
import { sessionTokenCases } from './store/session-token-cases.ts'
import { durableCases, sharedCases } from './store/shared-cases.ts'
import { sweepCases } from './store/sweep-cases.ts'
import { touchCases } from './store/touch-cases.ts'
import { writeCases } from './store/write-cases.ts'

/**
 * Everything that a store must do, whatever holds its data: first each method of the `Store` contract, then the guarantees that
 * an application gets if `createSessions` uses it.
 */
export const storeCases: readonly StoreCase[] = [
  ...createCases,
  ...writeCases,
  ...touchCases,
  ...endCases,
  ...listCases,
  ...dataCases,
  ...isolationCases,
  ...sweepCases,
  ...scanCases,
  ...faultCases,
  ...damagedCases,
  ...sharedCases,
  ...durableCases,
  ...sessionRaceCases,
  ...sessionTokenCases,
  ...sessionTimeCases,
]
