import type { HeaderChange } from './carrier.ts'
import type { Answer } from './guard.ts'
import type { Session } from './session.ts'
import type { MaybePromise } from './store.ts'

/**
 * One request and its response. An adapter takes these steps:
 *
 * 1. Call `sessions.open(view)`. It returns an exchange, or rejects (`ERR_STORE`: answer 503 and run no handler).
 * 2. If `answer` is set, it is the response: run no handler, and go on with step 4.
 * 3. Call `recheck()` when the body has arrived, if the adapter can wait for it. Then run the handler with `session`.
 * 4. Before the first byte of the response, call `commit()` and set the headers that it returns. If it rejects, or the
 *    response cannot be sent, send the error instead, with the headers of `salvage`.
 * 5. When the response has ended, call `finish()`, because a stream may have edited data after its headers.
 *
 * Core holds no framework object, and an adapter makes no decisions.
 */
export interface Exchange<Data extends object> {
  /** The session for the handler. */
  readonly session: Session<Data>
  /** A guard's response. If it is set, no handler runs. */
  readonly answer: Answer | null
  /**
   * Reads and judges the session again if it was opened at least a second ago, because a client can hold back the last byte
   * of its body until the session was revoked or has expired. Rejects as `open` does.
   */
  recheck(): MaybePromise<void>
  /**
   * Stores the changes in one write or none, and returns the headers for the response. After it, no token can be handed out:
   * `login` throws `ERR_HEADERS_SENT`. With a `status` of 500 or more, flash values stay, because nobody saw the page.
   */
  commit(status?: number): MaybePromise<readonly HeaderChange[]>
  /**
   * Returns the headers for a response that replaces the handler's. The client needs them because verbs act at once: after a
   * login or a rotation, only the new token is valid, and a logout is done. Empty if the client's token does not change.
   * Does not use the store, and may be called again. After it, as after `commit`, no token can be handed out.
   */
  salvage(): readonly HeaderChange[]
  /**
   * Stores data that was edited since `commit`. Returns at once if there is none. Later edits of the handler are lost, and a
   * `fault` reports them. `isWhole`: the response was sent in the same turn as its commit, so there are no edits to look for.
   */
  finish(isWhole?: boolean): MaybePromise<void>
}
