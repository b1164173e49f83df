import type { StoreCase } from './store/context.ts'
import { createCases } from './store/create-cases.ts'
import { dataCases } from './store/data-cases.ts'
import { endCases } from './store/end-cases.ts'
import { faultCases } from './store/fault-cases.ts'
import { isolationCases } from './store/isolation-cases.ts'
import { listCases } from './store/list-cases.ts'
import { durableCases, sharedCases } from './store/shared-cases.ts'
import { sweepCases } from './store/sweep-cases.ts'
import { writeCases } from './store/write-cases.ts'

/** What every store must do, whatever keeps its data. */
export const storeCases: readonly StoreCase[] = [
  ...createCases,
  ...writeCases,
  ...endCases,
  ...listCases,
  ...dataCases,
  ...isolationCases,
  ...sweepCases,
  ...faultCases,
  ...sharedCases,
  ...durableCases,
]
