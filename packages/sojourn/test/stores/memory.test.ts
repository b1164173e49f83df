import { storeCases } from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'
import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { ScanPage, Store } from '../../src/core/contracts/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { countReachable, heapUsed } from '../support/garbage.ts'
import { testCases } from '../support/run-cases.ts'
import { anId, aRecord, aTombstone, MINUTE, NOW } from './records.ts'

/** Everything that each store was ever given: it cannot hold more. */
const given = new WeakMap<Store, string[]>()

function recordedStore(): Store {
  const inner = memoryStore()
  const texts: string[] = []
  const keep = <T extends unknown[]>(...args: T): T => {
    texts.push(JSON.stringify(args))
    return args
  }
  const store: Store = {
    ...inner,
    create: (record) => inner.create(...keep(record)),
    write: (id, change) => inner.write(...keep(id, change)),
    end: (id, tombstone) => inner.end(...keep(id, tombstone)),
  }
  given.set(store, texts)
  return store
}

testCases('memory', storeCases, {
  createStore: recordedStore,
  probe: (store) => given.get(store) ?? [],
  sweeps: true,
  scans: true,
  without: {
    second: 'memory belongs to one process',
    reopen: 'memory ends with its process',
    sever: 'there is nothing between the store and its data',
    damage: 'nothing else can reach it',
  },
})

/** Memory answers at once: what it says is never a promise. */
function kindOf(store: Store, { id }: SessionRecord): 'live' | 'ended' | undefined {
  return (store.read(id) as SessionRecord | Tombstone | null)?.kind
}

let serial = 0

/** Expires later than the ones before, as sessions do that begin one after another. */
function aLater(fields: Partial<SessionRecord>): SessionRecord {
  return aRecord({ expiresAt: NOW + 30 * MINUTE + serial++, ...fields })
}

function fill(store: Store, count: number, fields: Partial<SessionRecord> = {}): SessionRecord[] {
  const records = Array.from({ length: count }, () => aLater(fields))
  for (const record of records) expect(store.create(record)).toBe(true)
  return records
}

describe('memory answers at once', () => {
  test('with values, not promises, and without copying', () => {
    const store = memoryStore()
    const [record] = fill(store, 1, { userId: 'ada' }) as [SessionRecord]
    expect(store.read(record.id)).toBe(store.read(record.id))
    expect(store.list('ada')).toEqual([record])
    expect(store.write(record.id, { set: { a: '1' } })).toEqual({ status: 'written' })
    expect(store.end(record.id, aTombstone(record))).toMatchObject({ data: { a: '1' } })
    expect(store.sweep?.(NOW, 1)).toBe(0)
    expect(store.close()).toBeUndefined()
  })

  test('with records frozen to their depths', () => {
    const store = memoryStore()
    const [record] = fill(store, 1, {
      head: { secret: 's', secretAt: NOW, methods: ['pwd'], device: { name: null, ip: null } },
    }) as [SessionRecord]
    store.write(record.id, { set: { a: '1' } })
    const found = store.read(record.id) as SessionRecord
    for (const part of [found, found.data, found.head, found.head.methods, found.head.device])
      expect(Object.isFrozen(part)).toBe(true)
  })
})

describe('the bound of the memory store', () => {
  test('is a whole number above zero', () => {
    for (const maxSessions of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10' as never]) {
      expect(() => memoryStore({ maxSessions })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  })

  test('a flood of anonymous sessions pushes out no user, only those of its own that expire soonest', () => {
    const store = memoryStore({ maxSessions: 100 })
    const users = fill(store, 40, { userId: 'ada' })
    const flood = fill(store, 1000)
    for (const record of users) expect(store.read(record.id)).toEqual(record)
    const kept = flood.map(({ id }) => store.read(id) !== null)
    expect(kept).toEqual(flood.map((_, index) => index >= 1000 - 60))
  })

  test('expired sessions are dropped first, even those of users', () => {
    const store = memoryStore({ maxSessions: 3 })
    const [expired] = fill(store, 1, { userId: 'ada', expiresAt: NOW + MINUTE }) as [SessionRecord]
    const [visitor] = fill(store, 1) as [SessionRecord]
    const [user] = fill(store, 1, { userId: 'ada' }) as [SessionRecord]
    fill(store, 1, { createdAt: NOW + MINUTE })
    expect(store.read(expired.id)).toBeNull()
    expect(store.read(visitor.id)).toEqual(visitor)
    expect(store.list('ada')).toEqual([user])
  })

  test('tombstones go before live sessions, those that expire soonest first, and their sessions stay ended', () => {
    const store = memoryStore({ maxSessions: 4 })
    const records = fill(store, 3, { userId: 'ada' })
    const [visitor] = fill(store, 1) as [SessionRecord]
    for (const record of records) store.end(record.id, aTombstone(record))
    fill(store, 2)
    expect(records.map((record) => kindOf(store, record))).toEqual([undefined, undefined, 'ended'])
    expect(store.read(visitor.id)).toEqual(visitor)
    expect(records.map(({ id }) => store.write(id, { set: { a: '1' } }))).toMatchObject(
      Array(3).fill({ status: 'gone' }),
    )
  })

  test('full of users it takes nobody in, throws nobody out, and takes in again when one leaves', () => {
    const store = memoryStore({ maxSessions: 10 })
    const users = fill(store, 10, { userId: 'ada' })
    for (const record of [aRecord(), aRecord({ userId: 'eve' })]) {
      expect(() => store.create(record)).toThrow(expect.objectContaining({ code: 'ERR_STORE_FULL', status: 503 }))
    }
    expect(store.list('ada')).toEqual(users)
    expect(store.create(users[0] ?? aRecord()), 'an id that is taken').toBe(false)
    const [first] = users as [SessionRecord]
    store.end(first.id, aTombstone(first))
    fill(store, 1, { userId: 'eve' })
    expect(store.read(first.id)).toBeNull()
  })

  test('holds through any mix of beginnings, ends and sweeps', () => {
    const store = memoryStore({ maxSessions: 50 })
    const all: SessionRecord[] = []
    for (let index = 0; index < 2000; index++) {
      const [record] = fill(store, 1, {
        userId: index % 7 === 0 ? 'ada' : null,
        createdAt: NOW + index,
        expiresAt: NOW + index + ((index * 31) % 200),
      }) as [SessionRecord]
      all.push(record)
      const other = all[(index * 17) % all.length] ?? record
      if (index % 3 === 0) store.end(other.id, aTombstone(other))
      if (index % 50 === 0) store.sweep?.(NOW + index, 5)
      const held = all.filter(({ id }) => store.read(id) !== null)
      expect(held.length).toBeLessThanOrEqual(50)
      if (index % 100 === 0) all.splice(0, all.length, ...held)
    }
    const listed = all.filter((record) => record.userId === 'ada' && kindOf(store, record) === 'live')
    expect(store.list('ada')).toHaveLength(listed.length)
    expect(store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)).toBeLessThanOrEqual(50)
    expect(store.list('ada')).toEqual([])
  })
})

test('users without sessions leave nothing in memory', () => {
  const store = memoryStore()
  const before = heapUsed()
  for (let index = 0; index < 20_000; index++) {
    // Text that is used as a key is flattened: 2 kB each, or 40 MB for the sessions that stay.
    const [record] = fill(store, 1, { userId: `${index} ${'x'.repeat(2000)}` }) as [SessionRecord]
    if (index % 2 === 0) store.end(record.id, aTombstone(record))
    if (index % 1000 === 0) store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)
  }
  store.sweep?.(Number.MAX_SAFE_INTEGER, 20_000)
  expect(heapUsed() - before).toBeLessThan(10_000_000)
  expect(store.list('0')).toEqual([])
})

describe('objects that the memory store dropped are unreachable in this process', () => {
  /** Creates one after another, and keeps nothing of them but whether they are still there. */
  function createWeakly(store: Store, count: number, fields: Partial<SessionRecord> = {}) {
    const ids: SessionId[] = []
    const refs: WeakRef<object>[] = []
    for (let index = 0; index < count; index++) {
      const record = aLater(fields)
      store.create(record)
      ids.push(record.id)
      refs.push(new WeakRef(record))
    }
    return { ids, refs }
  }

  function endAll(store: Store, ids: readonly SessionId[]): void {
    for (const id of ids) store.end(id, { kind: 'ended', id, reason: 'logout', endedAt: NOW, expiresAt: NOW + MINUTE })
  }

  test.each([
    ['visitors', null],
    ['users', 'ada'],
  ])('%s who expired and were swept', async (_, userId) => {
    const store = memoryStore()
    const { refs } = createWeakly(store, 200, { userId })
    expect(await countReachable(refs)).toBe(200)
    store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)
    expect(await countReachable(refs)).toBe(0)
    expect(store.sweep?.(Number.MAX_SAFE_INTEGER, 1)).toBe(0)
  })

  test.each([
    ['visitors', null],
    ['users', 'ada'],
  ])('the data of %s whose session ended, while the tombstone stays', async (_, userId) => {
    const store = memoryStore()
    const { ids, refs } = createWeakly(store, 200, { userId })
    endAll(store, ids)
    expect(await countReachable(refs)).toBe(0)
    expect(ids.map((id) => (store.read(id) as Tombstone).kind)).toEqual(ids.map(() => 'ended'))
  })

  test('visitors whom others pushed out', async () => {
    const store = memoryStore({ maxSessions: 100 })
    const { refs } = createWeakly(store, 1000)
    expect(await countReachable(refs)).toBe(100)
    createWeakly(store, 100)
    expect(await countReachable(refs)).toBe(0)
  })

  test('tombstones that were swept', async () => {
    const store = memoryStore()
    const { ids } = createWeakly(store, 200)
    endAll(store, ids)
    const refs = ids.map((id) => new WeakRef(store.read(id) as Tombstone))
    expect(await countReachable(refs)).toBe(200)
    store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)
    expect(await countReachable(refs)).toBe(0)
    expect(store.sweep?.(Number.MAX_SAFE_INTEGER, 1)).toBe(0)
  })
})

describe('a scan of the memory store', () => {
  function scan(store: Store, cursor: string | null, limit: number): ScanPage {
    return store.scan?.(cursor, limit) as ScanPage
  }

  /** From this cursor to the end. */
  function scanOn(store: Store, cursor: string | null, limit = 2): string[] {
    const { values, next } = scan(store, cursor, limit)
    const ids = values.map(({ id }) => id)
    return next === null ? ids : [...ids, ...scanOn(store, next, limit)]
  }

  const idsOf = (records: readonly SessionRecord[]): string[] => records.map(({ id }) => id).sort()

  test('passes over a session that was swept between two pages', () => {
    const store = memoryStore()
    const records = fill(store, 4).sort((a, b) => (a.id < b.id ? -1 : 1))
    const [first, second, third, fourth] = records as [SessionRecord, SessionRecord, SessionRecord, SessionRecord]
    const { values, next } = scan(store, null, 1)
    expect(values).toEqual([first])
    store.write(second.id, { version: 0, seen: { at: NOW, expiresAt: NOW + 1 } })
    expect(store.sweep?.(NOW + 1, 10)).toBe(1)
    expect(scan(store, next, 2).values).toEqual([third, fourth])
  })

  test('passes over a session that others pushed out between two pages', () => {
    const store = memoryStore({ maxSessions: 4 })
    const ids = Array.from({ length: 4 }, () => anId()).sort()
    // The last of the scan is the oldest.
    for (const id of [...ids].reverse()) store.create(aRecord({ id }))
    const { next } = scan(store, null, 1)
    const [visitor] = fill(store, 1) as [SessionRecord]
    expect(scanOn(store, next).filter((id) => id !== visitor.id)).toEqual(ids.slice(1, 3))
  })

  test('beside another one misses nothing, whichever ends first', () => {
    const store = memoryStore()
    const ids = idsOf(fill(store, 9))
    const one = scan(store, null, 3)
    const two = scan(store, null, 2)
    expect(scanOn(store, one.next), 'the first to end').toEqual(ids.slice(3))
    expect(scanOn(store, two.next), 'the second to end').toEqual(ids.slice(2))
  })

  test('goes on from the cursor of another process, and of one that was let go by a sweep', () => {
    const store = memoryStore()
    const records = fill(store, 6)
    const { next } = scan(store, null, 2)
    expect(scanOn(store, next)).toEqual(idsOf(records).slice(2))
    expect(scanOn(store, next), 'resumed').toEqual(idsOf(records).slice(2))
    scan(store, null, 2)
    fill(store, 1, { expiresAt: NOW })
    store.sweep?.(NOW, 10)
    expect(scanOn(store, next)).toEqual(idsOf(records).slice(2))
  })

  test('that begins anew sees what was made since one that nobody went on with', () => {
    const store = memoryStore()
    const records = fill(store, 3)
    scan(store, null, 1)
    records.push(...fill(store, 3))
    expect(scanOn(store, null)).toEqual(idsOf(records))
  })
})

describe('a sweep of the memory store', () => {
  /** Records that count how often their expiry is looked at: the work of a sweep, without a clock. */
  function createCounted(store: Store, count: number): { looks: number } {
    const counter = { looks: 0 }
    for (let index = 0; index < count; index++) {
      const expiresAt = NOW + ((index * 7919) % count)
      const record = aRecord()
      const get = (): number => {
        counter.looks++
        return expiresAt
      }
      store.create(Object.defineProperty(record, 'expiresAt', { get, enumerable: true }))
    }
    return counter
  }

  test('is one look when nothing is due, however many sessions there are', () => {
    const store = memoryStore()
    const counter = createCounted(store, 20_000)
    counter.looks = 0
    expect(store.sweep?.(NOW - 1, 100)).toBe(0)
    expect(counter.looks).toBeLessThanOrEqual(1)
  })

  test('grows with its limit when all is due, not with the store', () => {
    const store = memoryStore()
    const counter = createCounted(store, 20_000)
    counter.looks = 0
    expect(store.sweep?.(NOW + 20_000, 10)).toBe(10)
    expect(counter.looks).toBeLessThan(10 * 100)
  })

  test('sets no timer, so no lifetime overflows one and no process is held open', () => {
    const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const store = memoryStore()
    fill(store, 10)
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(timers)
  })
})
