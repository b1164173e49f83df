import type { Fix, Severity } from './finding.ts'

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
