import type { SessionId, SessionRecord, Tombstone } from '../../../core/contracts/record.ts'
import type { MaybePromise, Store } from '../../../core/contracts/store.ts'
import { isPromise } from '../../../core/lib/maybe.ts'
import { isOutage } from '../../kit/driver-errors.ts'
import { deepFreeze } from '../../kit/records.ts'
import { createEntries, type Entry } from './entries.ts'
import type { Link } from './link.ts'
import type { NearCacheSettings } from './options.ts'

type Kept = SessionRecord | Tombstone

/** A read of the store in progress. A change of the session removes it from `flights`. */
interface Flight {
  readonly uptimeAt: number
  readonly wallAt: number
  readonly isUp: boolean
  answer: Promise<Kept | null> | null
}

export interface NearCacheStats {
  /** Reads that were answered from the cache. */
  readonly hits: number
  /** Reads that asked the store. */
  readonly misses: number
  /** Reads that waited for another read of the same session. */
  readonly joined: number
  /** Reads whose answer was older than `maxStale` because the store was down. */
  readonly stale: number
  /** Sessions that are cached now. */
  readonly count: number
}

export interface Reader {
  read(id: SessionId): MaybePromise<Kept | null>
  /** The session changed: discards its entry and any read in progress. */
  forget(id: SessionId): void
  /** Its last-seen time may have changed: its entry is used only while the store is down. */
  doubt(id: SessionId): void
  /** Any session may have changed. */
  forgetAll(): void
  /** Makes room, and discards sessions that a sweep may delete. */
  clear(): void
  stats(): NearCacheStats
}

/** The period of entries that are used only while the store is down. */
const NO_PERIOD = -1

export function createReader(
  store: Store,
  settings: NearCacheSettings,
  link: Pick<Link, 'isUp'>,
  tellStale: (error: unknown) => void,
): Reader {
  const { maxStaleMs, staleMs } = settings
  const { wall, uptime } = settings.timing
  const entries = createEntries(settings.size)
  const flights = new Map<SessionId, Flight>()
  const counts = { hits: 0, misses: 0, joined: 0, stale: 0 }
  let period = 0
  let isStoreDown = false

  /** By both clocks: uptime stops while the machine sleeps, and the wall clock jumps. */
  function isYoung({ uptimeAt, wallAt }: Omit<Entry, 'value' | 'period'>, now: number, limitMs: number): boolean {
    const wallAge = wall() - wallAt
    return now - uptimeAt < limitMs && wallAge >= 0 && wallAge < limitMs
  }

  /** A tombstone is final, so neither its age nor a missed message can make it wrong. */
  function isGood(entry: Entry, now: number, isUp: boolean): boolean {
    if (entry.value.kind === 'ended') return true
    return isUp && entry.period === period && isYoung(entry, now, maxStaleMs)
  }

  function read(id: SessionId): MaybePromise<Kept | null> {
    const now = uptime()
    const isUp = link.isUp(now)
    const entry = entries.get(id)
    if (entry !== undefined && isGood(entry, now, isUp)) {
      counts.hits++
      return entry.value
    }
    const flight = flights.get(id)
    // Without a link, the store is read again, because a read in progress may have begun before a change.
    if (isUp && flight?.isUp && flight.answer !== null && isYoung(flight, now, maxStaleMs)) {
      counts.joined++
      return flight.answer
    }
    counts.misses++
    return load(id, { uptimeAt: now, wallAt: wall(), isUp, answer: null })
  }

  function load(id: SessionId, flight: Flight): MaybePromise<Kept | null> {
    flights.set(id, flight)
    try {
      const answer = store.read(id)
      if (!isPromise(answer)) return land(id, flight, answer)
      flight.answer = answer.then(
        (value) => land(id, flight, value),
        (error: unknown) => crash(id, flight, error),
      )
      return flight.answer
    } catch (error) {
      return crash(id, flight, error)
    }
  }

  /** A missing session is not cached: another node may be about to create it, and an attacker can guess many ids. */
  function land(id: SessionId, flight: Flight, answer: Kept | null): Kept | null {
    const isCurrent = flights.get(id) === flight
    if (isCurrent) flights.delete(id)
    isStoreDown = false
    const value = deepFreeze(answer)
    if (value === null) {
      if (isCurrent) entries.delete(id)
    } else if (isCurrent || value.kind === 'ended') {
      const { uptimeAt, wallAt, isUp } = flight
      // An answer that was read without a link is used only while the store is down.
      entries.put(id, { value, uptimeAt, wallAt, period: isUp ? period : NO_PERIOD })
    }
    return value
  }

  function crash(id: SessionId, flight: Flight, error: unknown): Kept {
    if (flights.get(id) === flight) flights.delete(id)
    const entry = staleMs > 0 && isOutage(error) ? entries.get(id) : undefined
    if (entry === undefined || !isYoung(entry, uptime(), staleMs)) throw error
    counts.stale++
    if (!isStoreDown) tellStale(error)
    isStoreDown = true
    return entry.value
  }

  return {
    read,
    forget(id) {
      entries.delete(id)
      flights.delete(id)
    },
    doubt(id) {
      flights.delete(id)
      const entry = entries.get(id)
      if (entry !== undefined) entries.put(id, { ...entry, period: NO_PERIOD })
    },
    forgetAll() {
      period++
      flights.clear()
      if (staleMs === 0) entries.clear()
    },
    clear() {
      flights.clear()
      entries.clear()
    },
    stats: () => ({ ...counts, count: entries.count }),
  }
}
