import { checkOptions } from '../../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../../core/contracts/duration.ts'
import { SessionError } from '../../../core/contracts/errors.ts'
import { type Timing, toTiming } from '../wrapper.ts'
import type { Bus } from './bus.ts'

export interface NearCacheOptions {
  /** Reports changes between nodes. `memoryBus()` if there is only one process. */
  readonly bus: Bus
  /**
   * The maximum number of cached sessions. Default 10 000. 0 turns the cache off on this node, which still publishes its changes.
   */
  readonly size?: number
  /** The maximum age of an answer, whatever fails. Default `'1s'`. */
  readonly maxStale?: Duration
  /**
   * While the store is down, sessions that were read from it at most this long ago stay readable. This gives up guarantee 1 for
   * that time: a session that another node ended may still be open here. Default: not allowed.
   */
  readonly insecureStaleWhileDown?: Duration
  /** For tests. */
  readonly timing?: Partial<Timing>
}

/** The options, checked and with defaults. */
export interface NearCacheSettings {
  readonly bus: Bus
  readonly size: number
  readonly maxStaleMs: number
  readonly staleMs: number
  readonly timing: Timing
}

export function toSettings(options: NearCacheOptions): NearCacheSettings {
  checkOptions(
    options,
    { bus: 'any', size: 'any', maxStale: 'any', insecureStaleWhileDown: 'any', timing: 'any' },
    'nearCache',
  )
  const { bus, size = 10_000, maxStale = '1s', insecureStaleWhileDown, timing } = options
  if (typeof bus?.subscribe !== 'function')
    throw new SessionError('ERR_OPTION', 'nearCache: bus is missing. If the server is one process, use memoryBus().')
  if (!Number.isSafeInteger(size) || size < 0)
    throw new SessionError('ERR_OPTION', 'nearCache: size must be a whole number, or 0.')
  return {
    bus,
    size,
    maxStaleMs: toMs(maxStale, 'nearCache: maxStale'),
    staleMs:
      insecureStaleWhileDown === undefined ? 0 : toMs(insecureStaleWhileDown, 'nearCache: insecureStaleWhileDown'),
    timing: toTiming(timing),
  }
}
