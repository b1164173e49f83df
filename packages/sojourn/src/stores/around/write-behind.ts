import { checkOptions } from '../../core/contracts/check-options.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId, SessionRecord } from '../../core/contracts/record.ts'
import type { Change, MaybePromise, Store, Written } from '../../core/contracts/store.ts'
import { chain } from '../../core/lib/maybe.ts'
import { nextTry } from '../../core/lib/turns.ts'
import type { Found } from '../kit/records.ts'
import { createObservers, type Timing, toTiming } from './wrapper.ts'
import { createFlusher } from './write-behind/flusher.ts'
import {
  isSettled,
  isTouch,
  mergeTouch,
  moved,
  newest,
  type Touch,
  type Touches,
  withTouch,
} from './write-behind/touches.ts'

export type { Timing } from './wrapper.ts'

export interface WriteBehindOptions {
  /** How long a last-seen time may wait at most. Default `'5m'`; less for sessions that would otherwise expire soon. */
  readonly every?: Duration
  /** The maximum number of waiting last-seen times. Default 100 000. Further ones are written immediately. */
  readonly max?: number
  /** For tests. */
  readonly timing?: Partial<Timing>
}

export interface WriteBehindStore extends Store {
  /** Writes every waiting last-seen time. Those that could not be written keep waiting. */
  flush(): Promise<void>
}

/** A touch waits for at most this fraction of the time until its session would expire in the store. */
const PART_OF_LIFE = 4
const SHORTEST_MS = 1000

const WRITTEN: Written = { status: 'written' }

/**
 * A store in front of another that collects last-seen times and writes them later: at most once in `every` for a session, sooner
 * together with another change of it, and all of them on `close`. This node sees them immediately; other nodes see them once they
 * are written. A process that is killed loses them, so that sessions end too early, by at most `every`.
 *
 * Each touch reads its session first, so put a near cache between this and a distant store.
 */
export function writeBehind(store: Store, options: WriteBehindOptions = {}): WriteBehindStore {
  const { everyMs, max, timing } = toSettings(options)
  const { observe, tell } = createObservers(store)
  const touches: Touches = new Map()
  const flusher = createFlusher({
    touches,
    timing,
    write: (id, touch) => put(id, {}, touch),
    failed: (error) => tell({ name: store.name, kind: 'touches-kept', operation: 'write', error }),
  })
  let isClosed = false

  function assertOpen(): void {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'writeBehind.')
  }

  function show<T extends Found | null>(kept: T): T | SessionRecord {
    if (kept === null || kept.kind !== 'live' || touches.size === 0) return kept
    const touch = touches.get(kept.id)
    return touch === undefined ? kept : Object.freeze(withTouch(kept, touch))
  }

  function touch(id: SessionId, change: Change & { readonly version: number; readonly seen: Touchable }) {
    return chain(store.read(id), (kept): MaybePromise<Written> => {
      if (kept === null || kept.kind === 'ended') {
        touches.delete(id)
        return { status: 'gone', tombstone: kept }
      }
      const { version, seen } = change
      // The store decides whether the change was made from the current record.
      if (version !== kept.version) return through(id, change)
      const waitMs = Math.min(everyMs, (kept.expiresAt - seen.at) / PART_OF_LIFE)
      // A limit that moves closer is not delayed, nor is one that could be lost.
      const isUrgent = waitMs < SHORTEST_MS || seen.expiresAt < kept.expiresAt
      if (isUrgent || (touches.size >= max && !touches.has(id))) return through(id, change)
      const next = newest(touches.get(id), {
        version,
        seen,
        dueAt: timing.uptime() + waitMs,
        endsAt: kept.expiresAt,
      })
      touches.set(id, next)
      flusher.wake(next.dueAt)
      return WRITTEN
    })
  }

  /** Delays a touch, merged with a waiting one. A touch from before a change of the head becomes a use of the current record. */
  function put(id: SessionId, change: Change, touch: Touch | undefined, tries = 0): MaybePromise<Written> {
    const merged = mergeTouch(change, touch)
    return chain(store.write(id, merged), (written): MaybePromise<Written> => {
      if (written.status !== 'conflict' || touch === undefined || merged === change) return written
      const isOutdated = change.version === undefined && written.record.version !== touch.version
      return isOutdated ? put(id, change, moved(touch, written.record), nextTry(tries)) : written
    })
  }

  /** Writes to the store, together with the waiting touch. */
  function through(id: SessionId, change: Change): MaybePromise<Written> {
    const waiting = touches.get(id)
    return chain(put(id, change, waiting), (written): Written => {
      if (written.status === 'conflict') return { status: 'conflict', record: show(written.record) }
      if (waiting !== undefined && isSettled(change, waiting) && touches.get(id) === waiting) touches.delete(id)
      return written
    })
  }

  const { setup, sweep, scan, readNow, watch, lacks, staleWhileDownMs } = store
  return {
    name: store.name,
    ...(lacks !== undefined && { lacks }),
    ...(staleWhileDownMs !== undefined && { staleWhileDownMs }),
    observe,
    ...(watch !== undefined && { watch: (listener) => watch.call(store, listener) }),

    read(id) {
      assertOpen()
      return chain(store.read(id), show)
    },

    ...(readNow !== undefined && {
      readNow(id) {
        assertOpen()
        return chain(readNow.call(store, id), show)
      },
    }),

    create(record) {
      assertOpen()
      return store.create(record)
    },

    write(id, change) {
      assertOpen()
      return isTouch(change) ? touch(id, change) : through(id, change)
    },

    end(id, tombstone) {
      assertOpen()
      return chain(store.end(id, tombstone), (record) => {
        const last = show(record)
        touches.delete(id)
        return last
      })
    },

    list(userId) {
      assertOpen()
      return chain(store.list(userId), (records) => (touches.size === 0 ? records : records.map(show)))
    },

    ...(sweep !== undefined && {
      sweep(now, limit) {
        assertOpen()
        // A session in use must not be swept because its touch is still waiting.
        const isNeeded = touches.size > 0 && [...touches.values()].some(({ endsAt }) => endsAt <= now)
        const ready = isNeeded ? flusher.flush(({ endsAt }) => endsAt <= now) : undefined
        return chain(ready, () => sweep.call(store, now, limit))
      },
    }),
    ...(scan !== undefined && {
      scan(cursor, limit) {
        assertOpen()
        return chain(scan.call(store, cursor, limit), (page) => ({ ...page, values: page.values.map(show) }))
      },
    }),
    ...(setup !== undefined && { setup: () => setup.call(store) }),

    flush: () => flusher.flush(() => true),

    async close() {
      if (!isClosed) {
        isClosed = true
        await flusher.stop()
      }
      await store.close()
    },
  }
}

type Touchable = NonNullable<Change['seen']>

function toSettings(options: WriteBehindOptions): {
  readonly everyMs: number
  readonly max: number
  readonly timing: Timing
} {
  checkOptions(options, { every: 'any', max: 'any', timing: 'any' }, 'writeBehind')
  const { every = '5m', max = 100_000, timing } = options
  if (!Number.isSafeInteger(max) || max < 1)
    throw new SessionError('ERR_OPTION', 'writeBehind: max must be a whole number above zero.')
  return { everyMs: toMs(every, 'writeBehind: every'), max, timing: toTiming(timing) }
}
