import type { Carrier, RequestView } from './carrier.ts'
import type { Guard } from './guard.ts'
import type { Device } from './record.ts'
import type { StandardSchema } from './schema.ts'
import type { Guarantee, Store } from './store.ts'
import type { TimeoutPreset, Timeouts } from './timeouts.ts'

/** Describes the client for the device list. With `null`, nothing is stored. */
export type DescribeDevice = (view: RequestView) => Device | null

/** The options of core. The package's `createSessions` supplies defaults for the store, the carrier and the guards. */
export interface CoreOptions<Data extends object> {
  /** Where records are kept. */
  readonly store: Store
  /** Accepts a store that lacks these guarantees. Without this option, such a store is refused with the reasons. */
  readonly insecureStoreLacks?: readonly Guarantee[]
  /**
   * How the token travels. The first carrier on which the client presents anything is used for the whole request. If the
   * client presents nothing, the last carrier hands out tokens. `ambient` carriers, which browsers attach by themselves,
   * must come last; another order throws `ERR_OPTION`.
   */
  readonly carriers: readonly Carrier[]
  /** Guards, called in this order at each of their moments. */
  readonly guards?: readonly Guard[]
  /** Describes the client for the device list, at login. */
  readonly describeDevice?: DescribeDevice

  /** Any Standard Schema (zod, valibot, arktype). It must accept `{}`, because every session begins empty, and validate synchronously. */
  readonly data?: StandardSchema<Data>
  /**
   * For stored data that no longer fits the schema: `'drop'` (default) ignores the keys that do not fit and continues, `'end'`
   * ends the session, `'throw'` throws `ERR_DATA_INVALID` when `session.data` is read. Each emits `invalidData`.
   */
  readonly invalidData?: 'drop' | 'end' | 'throw'

  /** A preset by name, or limits. Defaults: idle 30m, absolute 12h, renew 1h, grace 2m, touch 1m. */
  readonly timeouts?: TimeoutPreset | Timeouts

  /**
   * Random secrets of 32 bytes or more, newest first. Tokens then carry a MAC that is made with the first key and checked with all,
   * so a forged token never costs a store read. Turning keys on refuses tokens without a MAC. Turning them off refuses
   * tokens with one. `[]` is refused.
   */
  readonly keys?: readonly (string | Uint8Array)[]
  /** Encrypts data at rest under a key that requires the client's token. Lists and exports then show no data. Default `false`. */
  readonly sealed?: boolean
  /** Token reuse always emits `reuse`. With `'end'` (default), a second use, `grace` or more later, ends the session. */
  readonly onReuse?: 'end' | 'report'

  /** Returns milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number
  /** Receives warnings for the developer, each once. Default `console.warn`. */
  readonly warn?: (message: string) => void
}
