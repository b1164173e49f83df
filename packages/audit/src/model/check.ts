import type { Fix, Severity } from './finding.ts'

/**
 * What a check cannot do without. When it is not there the check is not run: `cookies` and `bearer` make it not
 * applicable, the others leave it without a verdict and say what would give it one.
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

/** What a check is, without its code. */
export interface CheckFacts {
  /** Kebab-case, for ever: baselines and reports of later versions refer to it. */
  readonly id: string
  readonly title: string
  /** `WSTG-SESS-03` */
  readonly wstg: readonly string[]
  /** Requirements of ASVS 5.0.0: `7.2.4` */
  readonly asvs: readonly string[]
  /** `384` */
  readonly cwe: readonly number[]
  /** Of its failures, unless a finding says otherwise. */
  readonly severity: Severity
  readonly proves: string
  readonly cannotProve: string
  readonly why: string
  readonly fix: Fix
  readonly needs: readonly Need[]
}
