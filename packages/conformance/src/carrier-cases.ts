import { besideCases } from './carrier/beside.ts'
import { candidateCases } from './carrier/candidates.ts'
import type { CarrierContext } from './carrier/context.ts'
import { hostileCases } from './carrier/hostile.ts'
import { purityCases } from './carrier/purity.ts'
import { roundTripCases } from './carrier/round-trip.ts'
import type { Case } from './case.ts'

/** Everything that core relies on in a carrier. */
export const carrierCases: readonly Case<CarrierContext>[] = [
  ...roundTripCases,
  ...candidateCases,
  ...hostileCases,
  ...purityCases,
  ...besideCases,
]
