import { checkOptions } from '../../../core/contracts/check-options.ts'
import type { SessionId, SessionRecord, Tombstone } from '../../../core/contracts/record.ts'
import type { Change, Store, Written } from '../../../core/contracts/store.ts'
import { rescue } from '../../../core/lib/maybe.ts'
import { damagedBy } from '../../../core/request/end-session.ts'
import { applyChange, isFresh, type Listed } from '../../kit/records.ts'
import { isMarked, LOCK, SHIFT, shiftOf, unmarked } from './marks.ts'
import { contended, endUnread, find, MAX_TRIES, type Move, moveEnded, moveOne } from './move.ts'

export interface MovingStoreOptions {
  /** The store to move from. */
  readonly from: Store
  /** The store to move to. */
  readonly to: Store
  /**
   * `false`: reads both stores, moves only sessions that end, and creates sessions in `from`. For the first of two deployments,
   * because servers that know only `from` can still read everything. Default `true`.
   */
  readonly moves?: boolean
}

/**
 * Presents both stores as one while sessions move from one to the other. A session moves when it is first written to, and ends in
 * both. Every guarantee holds if all processes use a moving store.
 */
export function movingStore(options: MovingStoreOptions): Store {
  checkOptions(options, { from: 'any', to: 'any', moves: 'any' }, 'movingStore')
  const { from, to, moves = true } = options
  const move: Move = { from, to }

  async function write(id: SessionId, change: Change): Promise<Written> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const place = await find(move, id)
      if (place.at === 'nowhere') return { status: 'gone', tombstone: null }
      if (place.at === 'to') return to.write(id, change)
      if (place.value.kind === 'ended') return { status: 'gone', tombstone: place.value }
      const record = unmarked(place.value)
      if (applyChange(record, change) === null) return { status: 'conflict', record }
      if (moves || isMarked(place.value)) await moveOne(move, id)
      else if ((await from.write(id, toGuarded(place.value, change))).status === 'written') return { status: 'written' }
    }
    throw contended()
  }

  async function end(id: SessionId, tombstone: Tombstone): Promise<Listed | null> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const place = await find(move, id)
      if (place.at === 'nowhere' || place.value.kind === 'ended') return null
      if (place.at === 'to') return to.end(id, tombstone)
      const record = await moveEnded(move, id, tombstone)
      if (record !== null) return record
    }
    throw contended()
  }

  async function list(userId: string): Promise<Listed[]> {
    // In this order: a session that moves meanwhile is seen twice, but never missed.
    const left = await from.list(userId)
    const arrived = await to.list(userId)
    const known = new Set(arrived.map(({ id }) => id))
    const rest = await Promise.all(left.filter(({ id }) => !known.has(id)).map(stillThere))
    return [...arrived, ...rest.filter((record) => record !== null)]
  }

  /** A locked session may have ended in `to` if the process that moved it died before it ended it in `from`. */
  async function stillThere(record: Listed): Promise<Listed | null> {
    if (record.kind === 'damaged') return record
    if (!isMarked(record)) return unmarked(record)
    const place = await find(move, record.id)
    return place.at !== 'nowhere' && place.value.kind === 'live' ? unmarked(place.value) : null
  }

  return {
    name: 'moving',
    ...(hasLacks(move) && { lacks: { ...from.lacks, ...to.lacks } }),
    write,
    list,

    async read(id) {
      const place = await find(move, id)
      if (place.at === 'nowhere') return null
      return place.value.kind === 'live' ? unmarked(place.value) : place.value
    },

    async create(record) {
      const [first, second] = moves ? [from, to] : [to, from]
      return (await first.read(record.id)) === null && second.create(record)
    },

    end: (id, tombstone) =>
      rescue<Listed | null>(
        () => end(id, tombstone),
        async (error) => {
          const damaged = damagedBy(id, error)
          return (await endUnread(move, tombstone)) ? damaged : null
        },
      ),

    ...((from.sweep !== undefined || to.sweep !== undefined) && {
      async sweep(now: number, limit: number): Promise<number> {
        const deleted = (await from.sweep?.(now, limit)) ?? 0
        return deleted + ((deleted < limit ? await to.sweep?.(now, limit - deleted) : 0) ?? 0)
      },
    }),

    observe(listener) {
      const stops = [from.observe?.(listener), to.observe?.(listener)]
      return () => {
        for (const stop of stops) stop?.()
      }
    },

    ...((from.watch !== undefined || to.watch !== undefined) && {
      watch(listener: Parameters<NonNullable<Store['watch']>>[0]): () => void {
        const stops = [from.watch?.(listener), to.watch?.(listener)]
        return () => {
          for (const stop of stops) stop?.()
        }
      },
    }),

    async setup() {
      await from.setup?.()
      await to.setup?.()
    },

    async close() {
      await from.close()
      await to.close()
    },
  }
}

function hasLacks({ from, to }: Move): boolean {
  return from.lacks !== undefined || to.lacks !== undefined
}

/** The same change of a record in `from`, with a condition that fails if the record was locked since it was read. */
function toGuarded(record: SessionRecord, change: Change): Change {
  const guard = { key: LOCK, text: null }
  const { expect = guard, seen, ...rest } = change
  const isSeen = seen !== undefined && isFresh(unmarked(record), change)
  if (change.expect === undefined && !isSeen && change.head === undefined) return { ...rest, expect }
  // With the head goes the version, which a lock raises. If the caller sends no head, we send it and raise the version, and
  // subtract that again.
  return {
    ...rest,
    ...(isSeen && { seen }),
    expect,
    head: change.head ?? record.head,
    version: record.version,
    nextVersion: change.head === undefined ? record.version + 1 : (change.nextVersion ?? 0) + shiftOf(record),
    ...(change.head === undefined && { set: { ...change.set, [SHIFT]: `${shiftOf(record) + 1}` } }),
  }
}
