import type { HeaderChange } from './carrier.ts'
import type { Answer } from './guard.ts'
import type { Session } from './session.ts'
import type { MaybePromise } from './store.ts'

/**
 * One request and its response, as an adapter drives them:
 *
 * 1. `sessions.open(view)` gives an exchange, or rejects (`ERR_STORE`: answer 503 and run no handler);
 * 2. when `answer` is set, answer with it and run no handler;
 * 3. `recheck()` when the body has arrived, if the adapter can wait for it, and run the handler with `session`;
 * 4. before the first byte of the response goes out, `commit()`, and put the headers it gives on the response;
 *    if it rejects, or its response cannot be sent, send the error in its place, with what `salvage` gives;
 * 5. when the response has ended, `finish()`: a stream may have edited data after its headers.
 *
 * Core holds no framework object and an adapter decides nothing.
 */
export interface Exchange<Data extends object> {
  /** For the handler. */
  readonly session: Session<Data>
  /** A guard's refusal: the response, and no handler runs. */
  readonly answer: Answer | null
  /**
   * Reads and judges the session again if it was opened a second ago or more: a client can hold the last byte of its body
   * back until the session has been revoked or has expired. Rejects as `open` does.
   */
  recheck(): MaybePromise<void>
  /**
   * Stores what changed, in one write or none. After it a token can no longer be handed out: `login` then throws
   * `ERR_HEADERS_SENT`. A `status` of 500 or more uses up no flash value, for nobody saw the page.
   */
  commit(status?: number): MaybePromise<readonly HeaderChange[]>
  /**
   * The headers that have to go out with whatever response takes the place of the handler's. The verbs act at once: the
   * token that a login or a rotation made is stored and is the only good one, and a logout is done. Empty when the client's
   * token is not touched. Asks no store, may be called again, and after it, as after `commit`, no token can be handed out.
   */
  salvage(): readonly HeaderChange[]
  /**
   * Stores data edited since `commit`. Answers at once when there is none. What the handler edits after it is lost, and a
   * `fault` says so. `isWhole`: the response has gone out in the turn of its commit, so there is nothing to look for.
   */
  finish(isWhole?: boolean): MaybePromise<void>
}
