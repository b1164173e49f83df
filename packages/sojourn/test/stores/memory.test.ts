import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { storeCases } from '@sojourn/conformance'
import { describe, expect, test } from 'vitest'
import type { SessionRecord, Tombstone } from '../../src/core/record.ts'
import type { Store } from '../../src/core/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testCases } from '../support/run-cases.ts'
import { aRecord, aTombstone, MINUTE, NOW } from './records.ts'

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
  },
})

/** Memory answers at once: what it says is never a promise. */
function kindOf(store: Store, { id }: SessionRecord): 'live' | 'ended' | undefined {
  return (store.read(id) as SessionRecord | Tombstone | null)?.kind
}

function fill(store: Store, count: number, fields: Partial<SessionRecord> = {}): SessionRecord[] {
  const records = Array.from({ length: count }, () => aRecord(fields))
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

  test('a flood of anonymous sessions pushes out no user, only the oldest of its own', () => {
    const store = memoryStore({ maxSessions: 100 })
    const users = fill(store, 40, { userId: 'ada' })
    const flood = fill(store, 1000)
    for (const record of users) expect(store.read(record.id)).toEqual(record)
    const kept = flood.map(({ id }) => store.read(id) !== null)
    expect(kept).toEqual(flood.map((_, index) => index >= 1000 - 60))
  })

  test('what has expired goes first, even a user’s', () => {
    const store = memoryStore({ maxSessions: 3 })
    const [expired] = fill(store, 1, { userId: 'ada', expiresAt: NOW + MINUTE }) as [SessionRecord]
    const [visitor] = fill(store, 1) as [SessionRecord]
    const [user] = fill(store, 1, { userId: 'ada' }) as [SessionRecord]
    fill(store, 1, { createdAt: NOW + MINUTE })
    expect(store.read(expired.id)).toBeNull()
    expect(store.read(visitor.id)).toEqual(visitor)
    expect(store.list('ada')).toEqual([user])
  })

  test('tombstones go before live sessions, the oldest first, and their sessions stay ended', () => {
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

/** Bytes in use after a collection. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

test('users who left, or were swept, leave nothing in memory', () => {
  const store = memoryStore()
  const before = heapUsed()
  for (let index = 0; index < 20_000; index++) {
    // Text that is used as a key is flattened: 2 kB each, or 40 MB for those who stay.
    const [record] = fill(store, 1, { userId: `${index} ${'x'.repeat(2000)}` }) as [SessionRecord]
    if (index % 2 === 0) store.end(record.id, aTombstone(record))
    if (index % 1000 === 0) store.sweep?.(Number.MAX_SAFE_INTEGER, 1000)
  }
  store.sweep?.(Number.MAX_SAFE_INTEGER, 20_000)
  expect(heapUsed() - before).toBeLessThan(10_000_000)
  expect(store.list('0')).toEqual([])
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
