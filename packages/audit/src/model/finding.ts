import type { Evidence } from './evidence.ts'

/** How to fix a failure. */
export interface Fix {
  readonly text: string
  /** Code by framework: `{ 'express-session': "app.use(session({ ... }))" }`. */
  readonly snippets?: Readonly<Record<string, string>>
}

/** One result of one check. A check returns one for each thing that it judged: each cookie, each carrier, each request. */
export interface Finding {
  readonly verdict: Verdict
  /**
   * What this finding is about, the same in every run: `cookie sid`. A baseline identifies the finding by the check's id and
   * this.
   */
  readonly about: string
  /** One line for a table. */
  readonly title: string
  /** What was done and observed; for `cannot-judge` and `not-applicable`, the reason. Contains no secret. */
  readonly detail: string
  /** The severity of a `fail`. Default: the check's. */
  readonly severity?: Severity
  /** Default: `certain`. */
  readonly confidence?: Confidence
  /** Every `fail` has evidence. */
  readonly evidence?: readonly Evidence[]
  /** Why it matters and how to fix it, if that differs from the check's text. */
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
 * The result of a check.
 *
 * - `pass`: it was tried, and the application passed.
 * - `fail`: it was tried, and the application failed; the evidence reproduces it.
 * - `inform`: worth knowing, and no fault by itself.
 * - `not-applicable`: the application has nothing of this kind (cookie checks without a cookie).
 * - `cannot-judge`: it could not be tried, or the answers were unclear. The detail has the reason. It does not count as a pass.
 */
export type Verdict = 'pass' | 'fail' | 'inform' | 'not-applicable' | 'cannot-judge'

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** `certain`: observed. `firm`: all signs agree. `tentative`: a sign that a person should check. */
export type Confidence = 'certain' | 'firm' | 'tentative'

export const VERDICTS: readonly Verdict[] = ['fail', 'cannot-judge', 'inform', 'pass', 'not-applicable']

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
