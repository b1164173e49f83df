import type { Confidence, Severity, Verdict } from '../../model/finding.ts'

/** An answer of a command that looks at a file and asks no server. */
export interface OfflineFinding {
  readonly verdict: Exclude<Verdict, 'not-applicable'>
  /** Of a `fail`. */
  readonly severity?: Severity
  readonly confidence?: Confidence
  readonly about: string
  readonly title: string
  readonly detail: string
  /** What to do about it. */
  readonly fix?: string
}
