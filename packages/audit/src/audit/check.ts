import type { CheckFacts } from '../model/check.ts'
import type { Finding } from '../model/finding.ts'
import type { Audit } from './audit.ts'

/** One question about an application's sessions. */
export interface Check extends CheckFacts {
  /** Uses clean clients, so that it does not affect the next check. May throw network errors. */
  run(audit: Audit): Promise<readonly Finding[]>
}
