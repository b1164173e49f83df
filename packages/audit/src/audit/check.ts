import type { CheckFacts } from '../model/check.ts'
import type { Finding } from '../model/finding.ts'
import type { Audit } from './audit.ts'

/** One question about an application's sessions. */
export interface Check extends CheckFacts {
  /** Uses clean clients, so that it leaves nothing to the next check. May throw faults of the network. */
  run(audit: Audit): Promise<readonly Finding[]>
}
