import type { Guard, RequestView } from 'sojourn'
import type { CaseContext } from '../case.ts'

/** What a guard's author offers for its cases. */
export interface GuardContext extends CaseContext {
  /** The guard as an application sets it up. Each case makes its own. */
  createGuard(): Guard
  /** Makes a request one that an honest client of this guard sends, for example with a header that it demands. */
  toHonest?(view: RequestView): RequestView
}
