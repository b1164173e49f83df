import type { Store } from 'sojourn'

/** A store as it would be deployed: real servers, and a handle on them for each web server. */
export interface Deployment {
  readonly stores: readonly [Store, ...Store[]]
  /** Causes the fault. Resolves when the fault is over and only the recovery remains. Faults of any length last this long. */
  strike(lastingMs: number): Promise<void>
  /** Ends everything that was started. */
  close(): Promise<void>
}

/** One kind of trouble for one kind of deployment. */
export interface Scenario {
  /** `redis`, `redis sentinel`, `postgres`. */
  readonly store: string
  readonly fault: string
  /** The server's program, by the name that `SOJOURN_TEST_WITHOUT` may leave out. */
  readonly program: string
  /**
   * What becomes of writes that were acknowledged before. `kept`: the engine promises that they are there. `forgotten`: it
   * comes back empty. `replicated`: the last moment's may be lost, for a replica takes over that may not have heard of them;
   * `replicated apart`: and a session and its place in the user's list are on different servers.
   */
  readonly writes: 'kept' | 'forgotten' | 'replicated' | 'replicated apart'
  /** From when recovery is counted: the trouble's end, or its beginning where nobody ends it. */
  /** How old what a request finds may be: the near cache's `maxStale`. */
  readonly staleMs?: number
  readonly recoversFrom: 'end' | 'beginning'
  open(): Promise<Deployment>
}
