import { SessionError } from '../../core/contracts/errors.ts'
import type { SessionId } from '../../core/contracts/record.ts'
import type { Change, MaybePromise, Store, Written } from '../../core/contracts/store.ts'
import { chain, isPromise, rescue } from '../../core/lib/maybe.ts'
import { createLink } from './near-cache/link.ts'
import { type NearCacheOptions, toSettings } from './near-cache/options.ts'
import { createReader, type NearCacheStats } from './near-cache/reader.ts'
import { createObservers } from './wrapper.ts'

export type { Bus, BusListener } from './near-cache/bus.ts'
export type { NearCacheOptions } from './near-cache/options.ts'
export type { NearCacheStats } from './near-cache/reader.ts'
export type { Timing } from './wrapper.ts'

export interface NearCache extends Store {
  /** Counters since the start. */
  stats(): NearCacheStats
}

/** The longest time until a dead link is noticed, even if `maxStale` is longer. */
const LONGEST_PROOF_MS = 2000

/** Longer than a message takes, and too short for a user to notice. */
const PUBLISH_MS = 100

/**
 * A store in front of another that answers repeated reads from memory, synchronously. It publishes every change over the bus,
 * after the store acknowledged the change and before its caller continues. While nothing proves that messages arrive, reads go to
 * the store. No answer is ever older than `maxStale`.
 *
 * It relaxes one thing: other nodes see a change when the message arrives, at the latest after `maxStale`, instead of
 * immediately.
 */
export function nearCache(store: Store, options: NearCacheOptions): NearCache {
  const settings = toSettings(options)
  const { bus, maxStaleMs, timing } = settings
  const { observe, tell } = createObservers(store)
  const watchers = new Set<(ids: readonly SessionId[]) => void>()
  let isClosed = false

  const link = createLink({
    bus,
    windowMs: Math.min(maxStaleMs / 2, LONGEST_PROOF_MS),
    uptime: timing.uptime,
    changed(ids) {
      ids.forEach(reader.forget)
      for (const listener of watchers) listener(ids)
    },
    lost: () => reader.forgetAll(),
    tell: (kind, error) => tell({ name: bus.name, kind, ...(error !== undefined && { error }) }),
  })
  const reader = createReader(store, settings, link, (error) =>
    tell({ name: store.name, kind: 'stale', operation: 'read', error }),
  )

  function begin(): void {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'nearCache.')
    link.start()
  }

  /**
   * The message is sent before the caller continues, unless the bus is slow or known to be down. Then `maxStale` is the limit.
   */
  function publish(id: SessionId): MaybePromise<void> {
    const fail = (error: unknown): void =>
      tell({ name: bus.name, kind: 'unpublished', ...(error !== undefined && { error }) })
    const sent = rescue<void>(() => bus.publish([id]), fail)
    if (!isPromise(sent) || link.isDown()) return
    return new Promise((resolve) => {
      const cancel = timing.after(Math.min(PUBLISH_MS, maxStaleMs), () => {
        fail(undefined)
        resolve()
      })
      sent.then(() => {
        cancel()
        resolve()
      })
    })
  }

  /**
   * Forgets the session before and after the change: a read during the change may have found the old state. Publishes after a
   * failure too, because the change may have been made.
   */
  function change<T>(id: SessionId, isTold: (answer: T) => boolean, work: () => MaybePromise<T>): MaybePromise<T> {
    begin()
    reader.forget(id)
    const done = rescue(work, (error) => {
      reader.forget(id)
      void publish(id)
      throw error
    })
    return chain(done, (answer) => {
      reader.forget(id)
      return isTold(answer) ? chain(publish(id), () => answer) : answer
    })
  }

  /**
   * It is not published: the older time in other caches is the safe direction, and not for long. If the store fails, the entry
   * here is still used while the store is down.
   */
  function touch(id: SessionId, asked: Change): MaybePromise<Written> {
    begin()
    reader.doubt(id)
    return chain(store.write(id, asked), (written) => {
      reader.forget(id)
      return written
    })
  }

  const { setup, sweep, scan, lacks } = store
  return {
    name: store.name,
    ...(lacks !== undefined && { lacks }),
    ...(settings.staleMs > 0 && { staleWhileDownMs: settings.staleMs }),
    observe,
    stats: reader.stats,

    read(id) {
      begin()
      return reader.read(id)
    },

    readNow(id) {
      begin()
      reader.forget(id)
      return reader.read(id)
    },

    create: (record) =>
      change(
        record.id,
        // No node caches that a session is missing.
        () => false,
        () => store.create(record),
      ),

    write: (id, asked) =>
      isTouch(asked)
        ? touch(id, asked)
        : change(
            id,
            ({ status }) => status === 'written',
            () => store.write(id, asked),
          ),

    end: (id, tombstone) =>
      change(
        id,
        (record) => record !== null,
        () => store.end(id, tombstone),
      ),

    list(userId) {
      begin()
      return store.list(userId)
    },

    ...(sweep !== undefined && {
      sweep(now, limit) {
        begin()
        return chain(sweep.call(store, now, limit), (deleted) => {
          if (deleted > 0) reader.clear()
          return deleted
        })
      },
    }),

    ...(scan !== undefined && {
      scan(cursor, limit) {
        begin()
        return scan.call(store, cursor, limit)
      },
    }),

    watch(listener) {
      begin()
      watchers.add(listener)
      return () => void watchers.delete(listener)
    },

    setup() {
      begin()
      return setup?.call(store)
    },

    close() {
      if (isClosed) return store.close()
      isClosed = true
      reader.clear()
      return chain(
        rescue<void>(
          () => link.stop(),
          () => undefined,
        ),
        () => store.close(),
      )
    },
  }
}

/** A change of the last-seen time only. */
function isTouch({ set, remove, head, seen }: Change): boolean {
  return seen !== undefined && set === undefined && remove === undefined && head === undefined
}
