import type { Evidence } from './evidence.ts'

/** How to put something right. */
export interface Fix {
  readonly text: string
  /** Code by framework: `{ 'express-session': "app.use(session({ ... }))" }`. */
  readonly snippets?: Readonly<Record<string, string>>
}

/** One answer of one check. A check gives one for each thing it judged: each cookie, each carrier, each request. */
export interface Finding {
  readonly verdict: Verdict
  /** What this finding is about, the same in every run: `cookie sid`. With the check's id it names the finding in a baseline. */
  readonly about: string
  /** One line for a table. */
  readonly title: string
  /** What was done and seen; for `cannot-judge` and `not-applicable`, the reason. No secret in it. */
  readonly detail: string
  /** Of a `fail`; without it, the check's own. */
  readonly severity?: Severity
  /** Without it: `certain`. */
  readonly confidence?: Confidence
  /** Every `fail` has some. */
  readonly evidence?: readonly Evidence[]
  /** Why it matters and how to put it right, where that differs from what the check says. */
  readonly why?: string
  readonly fix?: Fix
  /** Numbers for reports and graphs; plain JSON. */
  readonly data?: Readonly<Record<string, unknown>>
}

type Words = Omit<Finding, 'verdict'>

export const pass = (words: Words): Finding => ({ verdict: 'pass', ...words })
export const fail = (words: Words & { readonly evidence: readonly Evidence[] }): Finding => ({
  verdict: 'fail',
  ...words,
})
export const inform = (words: Words): Finding => ({ verdict: 'inform', ...words })
export const notApplicable = (words: Words): Finding => ({ verdict: 'not-applicable', ...words })
export const cannotJudge = (words: Words): Finding => ({ verdict: 'cannot-judge', ...words })

/**
 * What a check came to.
 *
 * - `pass`: it was tried, and the application passed.
 * - `fail`: it was tried, and the application failed; the evidence reproduces it.
 * - `inform`: worth knowing, and no fault by itself.
 * - `not-applicable`: the application has nothing of the kind (cookie checks, where there is no cookie).
 * - `cannot-judge`: it could not be tried, or the answers were unclear. The detail says why. It does not count as a pass.
 */
export type Verdict = 'pass' | 'fail' | 'inform' | 'not-applicable' | 'cannot-judge'

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** `certain`: seen to happen. `firm`: all signs agree. `tentative`: a sign that a person should look at. */
export type Confidence = 'certain' | 'firm' | 'tentative'

export const VERDICTS: readonly Verdict[] = ['fail', 'cannot-judge', 'inform', 'pass', 'not-applicable']

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
