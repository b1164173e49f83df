import type { SessionId } from '../../../core/contracts/record.ts'
import type { MaybePromise } from '../../../core/contracts/store.ts'

/** What a near cache receives from its bus. */
export interface BusListener {
  /** These sessions changed on another node. */
  changed(ids: readonly SessionId[]): void
  /** Messages may have been missed, for example because a connection broke. Everything that was known before may be wrong. */
  lost(error?: unknown): void
}

/**
 * Reports changed sessions to all nodes. It sends ids only, which give no access. If messages may have been lost, it reports that
 * or fails its proof, and near caches then read from the store.
 */
export interface Bus {
  /** For messages and metrics: `redis`, `postgres`. */
  readonly name: string

  /** Resolves when the message is on its way to every listener. Rejects if it is not. */
  publish(ids: readonly SessionId[]): MaybePromise<void>

  /**
   * Resolves when every message that was on its way at the time of the call has been delivered to the listeners here. Rejects, or
   * never settles, if that is unknown. Opens the connection if there is none.
   */
  probe(): MaybePromise<void>

  /**
   * Listens until the returned function is called. `probe` reports errors. When the last listener leaves, the bus closes the
   * connection that it opened itself. A later listener opens it again.
   */
  subscribe(listener: BusListener): () => MaybePromise<void>
}
