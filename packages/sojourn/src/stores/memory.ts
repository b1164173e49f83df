import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { SessionId, SessionRecord, Tombstone } from '../core/contracts/record.ts'
import type { Change, Store, Written } from '../core/contracts/store.ts'
import { applyChange } from '../core/data/change.ts'
import { assertIdCursor } from './kit/ids.ts'
import { deepFreeze } from './kit/records.ts'

export interface MemoryStoreOptions {
  /**
   * The maximum number of records and tombstones. Default 100 000. A full store makes room by dropping expired records, then
   * tombstones, then anonymous sessions, those that expire soonest first. If it is full of logged-in users, `create` throws `ERR_STORE_FULL`.
   */
  readonly maxSessions?: number
}

interface Slot extends Expiring {
  value: SessionRecord | Tombstone
}

const WRITTEN: Written = { status: 'written' }

/**
 * Sessions in this process: for development, tests, and servers of one process that may lose everything when they stop.
 * Synchronous. Uses no timers, so lifetimes above setTimeout's limit of 24.8 days work correctly.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions(options, { maxSessions: 'number' }, 'memoryStore')
  const { maxSessions = 100_000 } = options
  if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
    throw new SessionError('ERR_OPTION', 'memoryStore: maxSessions must be a whole number above zero.')
  }
  const slots = new Map<string, Slot>()
  const users = new Map<string, Set<Slot>>()
  // Each slot is in one of these heaps. A full store makes room from the first two.
  const tombstones = createExpiryHeap<Slot>()
  const anonymous = createExpiryHeap<Slot>()
  const loggedIn = createExpiryHeap<Slot>()
  const order = createScanOrder(() => slots.keys())
  let isClosed = false

  function heapOf({ value }: Slot): ExpiryHeap<Slot> {
    if (value.kind === 'ended') return tombstones
    return value.userId === null ? anonymous : loggedIn
  }

  function enter(slot: Slot): void {
    const { value } = slot
    heapOf(slot).add(slot)
    if (value.kind === 'ended' || value.userId === null) return
    users.set(value.userId, (users.get(value.userId) ?? new Set()).add(slot))
  }

  function leave(slot: Slot): void {
    const { value } = slot
    heapOf(slot).remove(slot)
    if (value.kind === 'ended' || value.userId === null) return
    const all = users.get(value.userId)
    if (all?.delete(slot) && all.size === 0) users.delete(value.userId)
  }

  function drop(slot: Slot): void {
    leave(slot)
    slots.delete(slot.value.id)
  }

  function firstDue(now: number): Slot | undefined {
    return [tombstones, anonymous, loggedIn]
      .map((heap) => heap.first())
      .find((slot) => slot && slot.value.expiresAt <= now)
  }

  /** A flood of anonymous sessions must neither evict logged-in users nor grow without limit. */
  function makeRoom(now: number): void {
    while (slots.size >= maxSessions) {
      const slot = firstDue(now) ?? tombstones.first() ?? anonymous.first()
      if (slot === undefined)
        throw new SessionError(
          'ERR_STORE_FULL',
          'memoryStore holds maxSessions sessions of logged-in users. Raise it, or use another store.',
        )
      drop(slot)
    }
  }

  function assertOpen(): void {
    if (isClosed) throw new SessionError('ERR_CLOSED', 'memoryStore.')
  }

  return {
    name: 'memory',

    read(id) {
      assertOpen()
      return slots.get(id)?.value ?? null
    },

    create(record) {
      assertOpen()
      if (slots.has(record.id)) return false
      // A store has no clock. The record was created now or earlier, so its time finds nothing expired too early.
      makeRoom(record.createdAt)
      const slot: Slot = { value: deepFreeze(record), place: 0 }
      slots.set(record.id, slot)
      enter(slot)
      return true
    },

    write(id: SessionId, change: Change): Written {
      assertOpen()
      const slot = slots.get(id)
      if (slot?.value.kind !== 'live') return { status: 'gone', tombstone: slot?.value ?? null }
      const next = applyChange(slot.value, change)
      if (next === null) return { status: 'conflict', record: slot.value }
      const isMoved = next.expiresAt !== slot.value.expiresAt
      slot.value = deepFreeze(next)
      if (isMoved) heapOf(slot).update(slot)
      return WRITTEN
    },

    end(id, tombstone) {
      assertOpen()
      const slot = slots.get(id)
      if (slot?.value.kind !== 'live') return null
      const record = slot.value
      leave(slot)
      slot.value = deepFreeze(tombstone)
      enter(slot)
      return record
    },

    list(userId) {
      assertOpen()
      return [...(users.get(userId) ?? [])].flatMap(({ value }) => (value.kind === 'live' ? value : []))
    },

    sweep(now, limit) {
      assertOpen()
      let deleted = 0
      for (let slot = firstDue(now); slot !== undefined && deleted < limit; slot = firstDue(now)) {
        drop(slot)
        deleted++
      }
      // An abandoned scan would otherwise retain the ids of deleted records.
      if (deleted > 0) order.forget()
      return deleted
    },

    scan(cursor, limit) {
      assertOpen()
      assertIdCursor('memory', cursor)
      const { ids, next } = order.page(cursor, limit)
      return { values: ids.flatMap((id) => slots.get(id)?.value ?? []), next, total: slots.size }
    },

    close() {
      isClosed = true
    },
  }
}

/** Something that expires. It carries its position in the heap, so that it is found without a search. */
export interface Expiring {
  value: { readonly expiresAt: number }
  place: number
}

/** A binary heap that always knows which item expires first. Each call takes logarithmic time. */
export interface ExpiryHeap<T extends Expiring> {
  first(): T | undefined
  add(item: T): void
  remove(item: T): void
  /** Must be called after the item's `expiresAt` has changed. */
  update(item: T): void
}

export function createExpiryHeap<T extends Expiring>(): ExpiryHeap<T> {
  const items: T[] = []

  function put(item: T, place: number): void {
    items[place] = item
    item.place = place
  }

  function rise(item: T): void {
    let place = item.place
    while (place > 0) {
      const parent = items[(place - 1) >> 1]
      if (parent === undefined || parent.value.expiresAt <= item.value.expiresAt) break
      const above = parent.place
      put(parent, place)
      place = above
    }
    put(item, place)
  }

  function sink(item: T): void {
    let place = item.place
    for (;;) {
      const child = earlier(items[2 * place + 1], items[2 * place + 2])
      if (child === undefined || item.value.expiresAt <= child.value.expiresAt) break
      const below = child.place
      put(child, place)
      place = below
    }
    put(item, place)
  }

  function update(item: T): void {
    rise(item)
    sink(item)
  }

  return {
    first: () => items[0],
    add(item) {
      put(item, items.length)
      rise(item)
    },
    remove(item) {
      const last = items.pop()
      if (last === undefined || last === item) return
      put(last, item.place)
      update(last)
    },
    update,
  }
}

function earlier<T extends Expiring>(left: T | undefined, right: T | undefined): T | undefined {
  if (left === undefined || right === undefined) return left
  return right.value.expiresAt < left.value.expiresAt ? right : left
}

/** The ids of a scan in progress, sorted once instead of for each page. */
interface ScanOrder {
  /** Returns up to `limit` ids after `cursor`, and the next cursor. */
  page(cursor: string | null, limit: number): { readonly ids: readonly string[]; readonly next: string | null }
  /** Releases the ids. A scan in progress finds its place again. */
  forget(): void
}

/** `all` returns the current ids. A scan may miss ids that are added after it began, but no earlier ones. */
function createScanOrder(all: () => Iterable<string>): ScanOrder {
  let order: readonly string[] = []
  return {
    page(cursor, limit) {
      if (cursor === null || order.length === 0) order = [...all()].sort()
      const start = cursor === null ? 0 : firstAfter(order, cursor)
      const ids = order.slice(start, start + limit)
      const next = start + limit < order.length ? (ids.at(-1) ?? null) : null
      if (next === null) order = []
      return { ids, next }
    },
    forget() {
      order = []
    },
  }
}

function firstAfter(order: readonly string[], id: string): number {
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((order[middle] ?? '') > id) high = middle
    else low = middle + 1
  }
  return low
}
