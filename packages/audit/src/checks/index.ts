import type { Check } from '../model/check.ts'
import { fixation } from './fixation.ts'
import { logoutEndsSession } from './logout-ends-session.ts'

/** In the order they are run: what only looks comes first, what changes state last. */
export const checks: readonly Check[] = [fixation, logoutEndsSession]
