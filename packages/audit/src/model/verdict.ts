/**
 * What a check came to.
 *
 * - `pass`: it was tried, and the application did right.
 * - `fail`: it was tried, and the application did wrong; there is evidence that reproduces it.
 * - `inform`: worth knowing, and no fault by itself.
 * - `not-applicable`: the application has nothing of the kind (cookie checks, where there is no cookie).
 * - `cannot-judge`: nothing can be said, and the detail says why. Never a pass in disguise.
 */
export type Verdict = 'pass' | 'fail' | 'inform' | 'not-applicable' | 'cannot-judge'

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** `certain`: seen to happen. `firm`: all signs agree. `tentative`: a sign that a person should look at. */
export type Confidence = 'certain' | 'firm' | 'tentative'

export const VERDICTS: readonly Verdict[] = ['fail', 'cannot-judge', 'inform', 'pass', 'not-applicable']

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
