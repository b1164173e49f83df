import type { Guard, RequestView, Session } from 'sojourn'
import type { CaseContext } from '../case.ts'

/** What a guard's author offers for its cases. */
export interface GuardContext extends CaseContext {
  /** The guard as an application sets it up. Each case makes its own. */
  createGuard(): Guard
  /**
   * Returns headers that an honest client adds to its next requests, because the page that it gets now contains them, such as a
   * token. Called at the end of each handler, with the guard of the case.
   */
  readPage?(session: Session<object>, guard: Guard): Readonly<Record<string, string>>
  /** Makes a request one that an honest client of this guard sends, for example with a header that it demands. */
  toHonest?(view: RequestView): RequestView
}
