import type { CheckFacts } from './check.ts'
import type { MaskedExchange } from './evidence.ts'
import type { Finding, Severity, Verdict } from './finding.ts'

export const REPORT_VERSION = 1

export interface CheckResult {
  readonly check: CheckFacts
  /** Of its findings, the gravest: `fail`, `cannot-judge`, `inform`, `pass`, `not-applicable`. */
  readonly verdict: Verdict
  /** The gravest failure's; `null` without one. */
  readonly severity: Severity | null
  readonly findings: readonly ReportedFinding[]
  readonly durationMs: number
}

export interface ReportedFinding extends Finding {
  /** Names it in a baseline: `fixation/cookie sid`. */
  readonly fingerprint: string
  /** In the baseline: known, and not counted. */
  readonly accepted: boolean
}

/** A whole audit, as JSON. Its schema is published as `@sojourn/audit/report.schema.json`. */
export interface Report {
  readonly version: typeof REPORT_VERSION
  readonly tool: { readonly name: '@sojourn/audit'; readonly version: string }
  readonly target: string
  /** ISO 8601 */
  readonly startedAt: string
  readonly durationMs: number
  /** How the application was understood: where the login is, what carries the session, how a login is recognised. */
  readonly application: ApplicationFacts
  /** When the logged-in check cannot be trusted, why; then there are no verdicts. */
  readonly untrusted: string | null
  readonly results: readonly CheckResult[]
  readonly counts: Readonly<Record<Verdict, number>>
  /** Every exchange, for the timeline; bodies left out. */
  readonly timeline: readonly MaskedExchange[]
  /** What the audit could not put back: sessions it could not end, a password it could not restore. */
  readonly leftBehind: readonly string[]
}

export interface ApplicationFacts {
  readonly login: string
  readonly carriers: readonly string[]
  readonly loggedInCheck: string
  /** That it limits logins, and how to go on; not there where no limit was met. */
  readonly loginLimit?: string
  readonly logout: string | null
  /** Found by looking, or told by a recipe. */
  readonly source: 'discovery' | 'recipe'
}
