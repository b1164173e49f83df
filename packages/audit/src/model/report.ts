import type { MaskedExchange } from './evidence.ts'
import type { Finding, Fix, Severity, Verdict } from './finding.ts'

export const REPORT_VERSION = 1

export interface CheckResult {
  readonly check: CheckFacts
  /** The gravest verdict of its findings: `fail`, `cannot-judge`, `inform`, `pass`, `not-applicable`. */
  readonly verdict: Verdict
  /** The severity of the gravest failure. `null` if there is none. */
  readonly severity: Severity | null
  readonly findings: readonly ReportedFinding[]
  readonly durationMs: number
}

export interface ReportedFinding extends Finding {
  /** Identifies it in a baseline: `fixation/cookie sid`. */
  readonly fingerprint: string
  /** It is in the baseline, so it is known and does not count. */
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
  /** How the audit understood the application: where the login is, what carries the session, how a login is recognized. */
  readonly application: ApplicationFacts
  /** Why the logged-in check cannot be trusted. There are no verdicts then. */
  readonly untrusted: string | null
  readonly results: readonly CheckResult[]
  readonly counts: Readonly<Record<Verdict, number>>
  /** Every exchange, for the timeline, without bodies. */
  readonly timeline: readonly MaskedExchange[]
  /** What the audit could not undo: sessions that it could not end, a password that it could not restore. */
  readonly leftBehind: readonly string[]
}

export interface ApplicationFacts {
  readonly login: string
  readonly carriers: readonly string[]
  readonly loggedInCheck: string
  /** A description of the login limit, and how to proceed. Absent if there was none. */
  readonly loginLimit?: string
  readonly logout: string | null
  /** Found by discovery, or given by a recipe. */
  readonly source: 'discovery' | 'recipe'
}

/**
 * What a check requires. Without it the check is not run: without `cookies` or `bearer` it is not applicable; without the others
 * it has no verdict, and reports how to get one.
 */
export type Need =
  | 'cookies'
  | 'bearer'
  | 'changes'
  | 'second-user'
  | 'logout'
  | 'logout-everywhere'
  | 'password-change'
  | 'refresh'
  | 'action'
  | 'browser'
  | 'patience'

/** The description of a check, without its code. */
export interface CheckFacts {
  /** In kebab-case, and never changed: baselines and reports of later versions refer to it. */
  readonly id: string
  readonly title: string
  /** `WSTG-SESS-03` */
  readonly wstg: readonly string[]
  /** Requirements of ASVS 5.0.0: `7.2.4` */
  readonly asvs: readonly string[]
  /** `384` */
  readonly cwe: readonly number[]
  /** The severity of its failures, unless a finding has its own. */
  readonly severity: Severity
  readonly proves: string
  readonly cannotProve: string
  readonly why: string
  readonly fix: Fix
  readonly needs: readonly Need[]
}
