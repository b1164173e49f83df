import { SessionError } from '../contracts/errors.ts'
import type { EndReason, SessionId, SessionRecord, Tombstone } from '../contracts/record.ts'
import type { MaybePromise, Store } from '../contracts/store.ts'
import { attempt, chain, isPromise, rescue } from '../lib/maybe.ts'
import { toOwnRecord } from '../token/once.ts'

/** The id of the marker: a record of our own in the application's store, which no token opens. It is there once `endAll` was called. */
export const ERA_ID = 'I8ZstiSdseui4kaZs7Xqrw' as SessionId

/** How long a process may rely on the era that it read, counted from when that read began. */
export const LEASE_MS = 2_000
/** At this age the marker is read again in the background, so a busy process reads it once a second. */
const RENEW_MS = LEASE_MS / 2
/** A store whose answers take longer than a lease never gives a valid one. */
const MAX_TRIES = 2

/** Longer than any session can last, which is 100 years. The alarms of Durable Objects end in the year 2262. */
const KEPT_MS = 200 * 365 * 24 * 60 * 60_000

/** What the marker says. */
export interface Marker {
  /** When `endAll` was called, ms since the epoch, or later: it always rises. 0: never. */
  readonly era: number
  /** Why sessions of earlier eras ended. */
  readonly reason: EndReason
  /** The last era of which all earlier records are ended in the store too. */
  readonly cleared: number
  /** 1: the store had lost it, and a process stored it again. */
  readonly lost: number
}

/**
 * When this process knows the era without asking, by both clocks: uptime stops while the machine sleeps, and the wall clock jumps.
 * `from` is included, the ends are not.
 */
interface Fresh {
  readonly from: number
  readonly until: number
  readonly untilUptime: number
}

type Kept = SessionRecord | Tombstone | null

/**
 * The current era. `endAll` begins a new one, and a session of an earlier era has ended. A process reads the era from the store and
 * relies on it for a lease, and `endAll` waits until all leases are over, so no clocks are compared.
 */
export interface Eras {
  /** What this process knows. */
  readonly marker: Marker
  /** Whether the store can keep the marker. If it cannot, it is never read. */
  readonly isKept: boolean
  /** While this lasts, requests need not `renew`. It is data, because every request looks. */
  readonly fresh: Fresh
  /** Called when this process learns of a new era. */
  began: () => void
  learn(next: Marker): void
  /**
   * Begins to read the marker, and does not wait. Returns whether this process certainly knows the era now, or what to wait for. A
   * request waits only for a read that it began itself: runtimes such as Workers cancel what outlives its request, so a read of
   * another request may never end.
   */
  renew(): boolean | Promise<void>
  /** Waits until this process certainly knows the era. Synchronous within a lease, and with a synchronous store. */
  sure(mine?: Promise<void> | null): MaybePromise<void>
}

export function createEras(store: Store, clock: () => number): Eras {
  const { lacks = {}, staleWhileDownMs = 0 } = store
  const isKept = lacks.ended === undefined && lacks['lost-update'] === undefined
  const until = isKept ? 0 : Number.POSITIVE_INFINITY
  /** When a read last began because one was due, by uptime. */
  let renewedAt = Number.NEGATIVE_INFINITY
  let uptimeAt = renewedAt
  let wallAt = 0

  /** How long ago the read began whose answer is in use. */
  function ageMs(): number {
    const wallMs = clock() - wallAt
    return wallMs < 0 ? Number.POSITIVE_INFINITY : Math.max(wallMs, performance.now() - uptimeAt)
  }

  function learn(next: Marker): void {
    const before = eras.marker.era
    // After a failover that lost the marker, what has ended stays ended in this process.
    if (next.era < before) return
    eras.marker = next
    if (next.era > before) eras.began()
  }

  function refresh(): MaybePromise<void> {
    const at = performance.now()
    const wall = clock()
    return chain(readMarker(store), (kept) => {
      const next = toMarker(kept)
      // Without the marker, processes that start later would begin sessions of an earlier era, which this one refuses.
      if (next.era < eras.marker.era)
        attempt(
          () => putMarker(store, kept, { ...eras.marker, lost: 1 }, wall),
          () => {},
        )
      learn(next)
      if (at < uptimeAt) return
      uptimeAt = at
      wallAt = wall
      eras.fresh = { from: wall, until: wall + RENEW_MS, untilUptime: at + RENEW_MS }
    })
  }

  function renew(): boolean | Promise<void> {
    const isSure = ageMs() < LEASE_MS
    if (isSure && performance.now() - renewedAt < RENEW_MS) return true
    renewedAt = performance.now()
    // If it fails, a request that needs the answer reads once more, and fails if that fails.
    const mine = rescue<void>(refresh, () => {})
    return isSure || (isPromise(mine) ? mine : ageMs() < LEASE_MS)
  }

  function sure(mine: Promise<void> | null, tries: number): MaybePromise<void> {
    if (ageMs() < LEASE_MS) return
    if (tries === MAX_TRIES)
      throw new SessionError('ERR_STORE_TIMEOUT', 'It took too long to read whether all sessions ended.')
    return rescue(
      () => chain(mine ?? refresh(), () => sure(null, tries + 1)),
      (error) => {
        if (ageMs() >= staleWhileDownMs) throw error
      },
    )
  }

  const eras: { -readonly [Member in keyof Eras]: Eras[Member] } = {
    marker: toMarker(null),
    isKept,
    fresh: { from: 0, until, untilUptime: until },
    began() {},
    learn,
    renew,
    sure: (mine = null) => (isKept ? sure(mine, 0) : undefined),
  }
  return eras
}

/** Past any cache. */
export function readMarker(store: Store): MaybePromise<Kept> {
  return store.readNow === undefined ? store.read(ERA_ID) : store.readNow(ERA_ID)
}

/** Stores the marker in place of `kept`. Returns `false` if another process changed it meanwhile. */
export function putMarker(
  store: Store,
  kept: Kept,
  { era, reason, cleared, lost }: Marker,
  now: number,
): MaybePromise<boolean> {
  const data = { era: String(era), reason, cleared: String(cleared), lost: String(lost) }
  if (kept === null) return store.create({ ...toOwnRecord(ERA_ID, now, now + KEPT_MS), data })
  const expect = { key: 'era', text: String(toMarker(kept).era) }
  return chain(store.write(ERA_ID, { set: data, expect }), ({ status }) => status === 'written')
}

export function toMarker(kept: Kept): Marker {
  if (kept === null) return { era: 0, reason: 'revoked', cleared: 0, lost: 0 }
  const { era, reason = 'revoked', cleared = 0, lost = 0 } = kept.kind === 'live' ? kept.data : {}
  if (!Number.isSafeInteger(Number(era))) throw new SessionError('ERR_RECORD_DAMAGED', 'It is the marker of endAll.')
  return { era: Number(era), reason, cleared: Number(cleared), lost: Number(lost) }
}
