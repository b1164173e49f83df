import type { Carrier } from './carrier.ts'
import type { Guard } from './guard.ts'
import type { StandardSchema } from './schema.ts'
import type { DescribeDevice } from './session.ts'
import type { Guarantee, Store } from './store.ts'
import type { TimeoutPreset, Timeouts } from './timeouts.ts'

/** What core itself takes. The package's `createSessions` fills in the store, the carrier and the guards. */
export interface CoreOptions<Data extends object> {
  /** Where records live. */
  readonly store: Store
  /** Accepts a store that cannot keep these guarantees. Without, such a store is refused, with the reasons. */
  readonly insecureStoreLacks?: readonly Guarantee[]
  /**
   * How the token travels. Of several carriers, the first on which the client presents anything counts for the whole request,
   * and the last one hands out tokens when it presents none. Carriers that browsers attach by themselves (`ambient`) come last:
   * another order is `ERR_OPTION`.
   */
  readonly carriers: readonly Carrier[]
  /** Asked in this order, before the store is. */
  readonly guards?: readonly Guard[]
  /** What the device list shows of a client, told at login. */
  readonly describeDevice?: DescribeDevice

  /** Any Standard Schema (zod, valibot, arktype). Must accept `{}`, for every session begins empty, and validate at once. */
  readonly data?: StandardSchema<Data>
  /**
   * Stored data that no longer fits the schema: `'drop'` (default) goes on without the keys that do not fit, `'end'`
   * ends the session, `'throw'` rejects with `ERR_DATA_INVALID`. Each emits `invalidData`.
   */
  readonly invalidData?: 'drop' | 'end' | 'throw'

  /** A preset by name, or limits. Defaults: idle 30m, absolute 12h, renew 1h, grace 2m, touch 1m. */
  readonly timeouts?: TimeoutPreset | Timeouts

  /**
   * Secrets of 32 bytes or more, newest first. Tokens then carry a MAC made with the first, checked with all:
   * a forged token never costs a store read. Turning this on refuses the tokens that were issued without, and turning it off
   * those that were issued with. `[]` is refused.
   */
  readonly keys?: readonly (string | Uint8Array)[]
  /** Encrypts data at rest under a key that only the client's token gives. Lists and exports then show no data. */
  readonly sealed?: boolean
  /** Token reuse always raises the `reuse` event; with `'end'` (default) a second use, `grace` or more later, ends the session. */
  readonly onReuse?: 'end' | 'report'
  /** After how long the client details in `device` are dropped. Default: never; they go with the session. */
  readonly dropDeviceAfter?: import('./duration.ts').Duration

  /** ms since the epoch. Default `Date.now`. */
  readonly clock?: () => number
  /** Where warnings to the developer go, each once. Default `console.warn`. */
  readonly warn?: (message: string) => void
}
