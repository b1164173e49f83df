import type { MaybePromise, SessionId, Store } from 'sojourn'
import type { Case, CaseContext } from '../case.ts'

/** What the store cases run on. If a store lacks an optional member, `without` gives the reason. */
export interface StoreContext extends CaseContext {
  /** Creates a store over new, empty data. The case closes it. */
  createStore(): MaybePromise<Store>
  /** Opens another handle on the same data, as another process would. The case closes it. */
  second?(store: Store): MaybePromise<Store>
  /** Opens the data of a closed store again. The case closes it. */
  reopen?(closed: Store): MaybePromise<Store>
  /** Returns everything that the database holds, read directly: rows, keys, or its files. */
  probe?(store: Store): MaybePromise<readonly (string | Uint8Array)[]>
  /** Cuts the store off from its database, as a lost connection would. */
  sever?(store: Store): MaybePromise<void>
  /** Makes the live record under this id unreadable, directly in the database, as other software or a later version would. */
  damage?(store: Store, id: SessionId): MaybePromise<void>
  /** `true` for a store with `sweep`. Omit it if the server deletes expired records itself. */
  readonly sweeps?: true
  /** `true` for a store with `scan`. */
  readonly scans?: true
}

export type StoreCase = Case<StoreContext>

/** Runs `work` on a new store, and closes the store in any case. */
export async function withStore(ctx: StoreContext, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await ctx.createStore()
  try {
    await store.setup?.()
    await work(store)
  } finally {
    await store.close()
  }
}

/** As `withStore`, with a second handle on the same data. */
export async function withTwo(ctx: StoreContext, work: (one: Store, two: Store) => Promise<void>): Promise<void> {
  await withStore(ctx, async (one) => {
    const two = await ctx.second?.(one)
    if (two === undefined) throw new Error('needs: second')
    try {
      await work(one, two)
    } finally {
      await two.close()
    }
  })
}

/** The guarantees, as the cases name them. */
export const ENDED = '1 Ended is ended'
export const NO_LOST_UPDATE = '2 No lost update'
export const STRICT = '3 Strict'
export const HASHED = '4 Hashed at rest'
export const FRESH_TOKEN = '5 Fresh token on every change of privilege'
export const TWO_CLOCKS = '6 Two clocks'
export const FAIL_CLOSED = '7 Fail closed'
export const QUIET = '8 Quiet'
export const PRIVATE = '10 Private by design'
