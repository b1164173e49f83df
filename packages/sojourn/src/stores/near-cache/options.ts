import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import { type Timing, toTiming } from '../timing.ts'
import type { Bus } from './bus.ts'

export interface NearCacheOptions {
  /** Tells the nodes of each other's changes. `memoryBus()` where one process is all there is. */
  readonly bus: Bus
  /** Sessions held at most. Default 10 000; 0 turns the cache off on this node, which then still tells the others. */
  readonly size?: number
  /** How old an answer may be at most, whatever breaks. Default `'1s'`. */
  readonly maxStale?: Duration
  /**
   * While the store is down, sessions that were read from it at most this long ago stay readable. Gives up guarantee 1 for
   * that time: a session that another node ended may still be open here. Default: not at all.
   */
  readonly insecureStaleWhileDown?: Duration
  /** For tests. */
  readonly timing?: Partial<Timing>
}

/** Checked and filled in. */
export interface NearCacheSettings {
  readonly bus: Bus
  readonly size: number
  readonly maxStaleMs: number
  readonly staleMs: number
  readonly timing: Timing
}

export function toSettings(options: NearCacheOptions): NearCacheSettings {
  const { bus, size = 10_000, maxStale = '1s', insecureStaleWhileDown, timing } = options
  if (typeof bus?.subscribe !== 'function')
    throw new SessionError('ERR_OPTION', 'nearCache: bus is missing. In a server of one process: memoryBus().')
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
