import type { Evidence } from './evidence.ts'
import type { Confidence, Severity, Verdict } from './verdict.ts'

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
