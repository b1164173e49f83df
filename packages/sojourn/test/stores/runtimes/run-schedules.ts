import fc from 'fast-check'
import type { Store } from '../../../src/core/contracts/store.ts'
import { overlappingRequests } from '../overlapping-requests.ts'
import { parallelCalls } from '../parallel-calls.ts'

/** Random schedules, as the tests of other stores run them in this very process. `null` when all is well. */
export async function runSchedules(open: () => Store): Promise<string | null> {
  try {
    await fc.assert(parallelCalls(open), { numRuns: 60 })
    await fc.assert(overlappingRequests(open), { numRuns: 25 })
    return null
  } catch (error) {
    return error instanceof Error ? `${error.message} ${error.cause}` : String(error)
  }
}
