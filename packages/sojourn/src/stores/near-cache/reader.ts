import type { SessionId, SessionRecord, Tombstone } from '../../core/contracts/record.ts'
import type { MaybePromise, Store } from '../../core/contracts/store.ts'
import { isPromise } from '../../core/lib/maybe.ts'
import { deepFreeze } from '../memory/deep-freeze.ts'
import { isOutage } from '../outage.ts'
import { createEntries, type Entry } from './entries.ts'
import type { Link } from './link.ts'
import type { NearCacheSettings } from './options.ts'

type Kept = SessionRecord | Tombstone

/** One read of the store on its way. It is kept only while it stands in `flights`: what changed meanwhile takes it out. */
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
  /** Reads that waited for another's answer. */
  readonly joined: number
  /** Reads answered with what was older than `maxStale`, for the store was down. */
  readonly stale: number
  /** Sessions held now. */
  readonly count: number
}

export interface Reader {
  read(id: SessionId): MaybePromise<Kept | null>
  /** It changed: what is known of it, and what is being read, is worth nothing. */
  forget(id: SessionId): void
  /** Anything may have changed. */
  forgetAll(): void
  /** Makes room, and forgets what may be swept. */
  clear(): void
  stats(): NearCacheStats
}

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
  let era = 0
  let isStoreDown = false

  /** By both clocks: uptime stands still while the machine sleeps, and the wall clock jumps. */
  function isYoung({ uptimeAt, wallAt }: Omit<Entry, 'value' | 'era'>, now: number, limitMs: number): boolean {
    const wallAge = wall() - wallAt
    return now - uptimeAt < limitMs && wallAge >= 0 && wallAge < limitMs
  }

  /** A tombstone is final: no age, and no message that was missed, can make it wrong. */
  function isGood(entry: Entry, now: number, isUp: boolean): boolean {
    if (entry.value.kind === 'ended') return true
    return isUp && entry.era === era && isYoung(entry, now, maxStaleMs)
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
    // Stepping aside means to ask anew: an answer on its way may be from before a change.
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

  /** Nothing about an id that is not there is kept: another node may be about to create it, and a guesser has many. */
  function land(id: SessionId, flight: Flight, answer: Kept | null): Kept | null {
    const isCurrent = flights.get(id) === flight
    if (isCurrent) flights.delete(id)
    isStoreDown = false
    const value = deepFreeze(answer)
    if (value === null) {
      if (isCurrent) entries.delete(id)
    } else if (isCurrent || value.kind === 'ended') {
      const { uptimeAt, wallAt, isUp } = flight
      // What was read without a link serves only while the store is down.
      entries.put(id, { value, uptimeAt, wallAt, era: isUp ? era : -1 })
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
    forgetAll() {
      era++
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
