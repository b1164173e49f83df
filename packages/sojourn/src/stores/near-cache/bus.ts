import type { SessionId } from '../../core/contracts/record.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'

/** What a near cache hears from its bus. */
export interface BusListener {
  /** These sessions changed on another node. */
  changed(ids: readonly SessionId[]): void
  /** Messages may have been missed, as when a connection broke: whatever was known before is worth nothing. */
  lost(error?: unknown): void
}

/**
 * Tells all nodes which sessions changed. It carries ids only, which give no access. Messages may get lost: then it says
 * so, or fails to prove the contrary, and near caches step aside.
 */
export interface Bus {
  /** For messages and metrics: `redis`, `postgres`. */
  readonly name: string

  /** Resolves when the message is on its way to every listener; rejects when it is not. */
  publish(ids: readonly SessionId[]): MaybePromise<void>

  /**
   * Resolves when every message that was on its way when this was called has been delivered to the listeners here; rejects,
   * or never settles, when that cannot be known. Opens the connection if there is none.
   */
  probe(): MaybePromise<void>

  /**
   * Listens until the answer is called. Errors are heard through `probe`. The last listener to go closes what the bus opened
   * itself; a later one opens it again.
   */
  subscribe(listener: BusListener): () => MaybePromise<void>
}
