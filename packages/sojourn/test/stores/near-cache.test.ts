import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { createSessions, type RequestView } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { type NearCache, type NearCacheOptions, nearCache } from 'sojourn/stores/near-cache'
import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import type { Bus } from '../../src/stores/around/near-cache/bus.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testCases } from '../support/run-cases.ts'
import { around, damage, damageableStore } from './damageable.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { anId, aRecord, aTombstone, MINUTE } from './records.ts'
import { fakeBus } from './wrappers/fake-bus.ts'
import { createWorld, isOpen } from './wrappers/near-cache-world.ts'

/** The store behind each cache. Another cache over the same store is another node. */
const behind = new WeakMap<Store, { readonly store: Store; readonly bus: Bus }>()

function newCache(store: Store = memoryStore(), bus: Bus = memoryBus()): NearCache {
  const cache = nearCache(store, { bus })
  behind.set(cache, { store, bus })
  return cache
}

function another(cache: Store): NearCache {
  const { store, bus } = behind.get(cache) ?? {}
  return newCache(store, bus)
}

testCases('near cache', storeCases, {
  createStore: () => around(damageableStore(), newCache),
  damage,
  second: another,
  sweeps: true,
  scans: true,
  without: {
    reopen: 'the store behind it is what lasts',
    sever: 'the store behind it is what can be lost',
    probe: 'nothing of it leaves the process',
  },
})

/** Two nodes in turn, as behind a load balancer. */
function balanced(): Store {
  const bus = fakeBus()
  bus.answerPublish = () => bus.deliver(...bus.published.splice(0))
  const one = newCache(memoryStore(), bus)
  const two = another(one)
  let turn = 0
  const pick = (): Store => (turn++ % 2 ? one : two)
  return {
    ...one,
    read: (id) => pick().read(id),
    create: (record) => pick().create(record),
    write: (id, change) => pick().write(id, change),
    end: (id, tombstone) => pick().end(id, tombstone),
    list: (userId) => pick().list(userId),
    async sweep(now, limit) {
      const deleted = (await one.sweep?.(now, limit)) ?? 0
      // An expired session may be visible a little longer. The model does not know that.
      bus.lose()
      return deleted
    },
  }
}

describe('random schedules on two nodes with near caches', () => {
  test('parallel calls give the answers of some order of them', async () => {
    await fc.assert(parallelCalls(balanced), { numRuns: 300 })
  }, 60_000)

  test('overlapping requests leave what a user would expect', async () => {
    await fc.assert(overlappingRequests(balanced), { numRuns: 200 })
  }, 60_000)
})

function toView(cookie: string | null): RequestView {
  return { method: 'GET', url: '/', secure: true, peer: null, header: (name) => (name === 'cookie' ? cookie : null) }
}

describe('a hit', () => {
  test('is answered at once, with the same frozen object, without asking the store', async () => {
    const { cache, store, record } = createWorld()
    const first = await cache.read(record.id)
    const second = cache.read(record.id)
    expect(second).toBe(first)
    expect(Object.isFrozen(first)).toBe(true)
    expect(store.count('read')).toBe(1)
    expect(cache.stats()).toEqual({ hits: 1, misses: 1, joined: 0, stale: 0, count: 1 })
  })

  test('keeps the whole request synchronous', async () => {
    const { cache, time } = createWorld()
    const sessions = createSessions({ store: cache, warn: () => undefined, clock: time.timing.wall })
    const first = await sessions.open(toView(null))
    await first.session.login('ada')
    const [setCookie] = (await first.commit()).filter(({ name }) => name === 'set-cookie')
    const [cookie = ''] = setCookie?.value.split(';') ?? []
    expect((await sessions.open(toView(cookie))).session.userId).toBe('ada')
    const exchange = sessions.open(toView(cookie))
    expect(exchange).not.toBeInstanceOf(Promise)
    expect((exchange as Awaited<typeof exchange>).commit()).not.toBeInstanceOf(Promise)
  })

  test('is never for list', async () => {
    const { cache, store } = createWorld()
    await cache.list('ada')
    await cache.list('ada')
    expect(store.count('list')).toBe(2)
  })
})

describe('concurrent misses', () => {
  test('of one session make one read of the store', async () => {
    const { cache, store, record } = createWorld()
    const all = await Promise.all(Array.from({ length: 50 }, () => cache.read(record.id)))
    expect(new Set(all).size).toBe(1)
    expect(store.count('read')).toBe(1)
    expect(cache.stats()).toMatchObject({ misses: 1, joined: 49 })
  })

  test('that fail fail for all of them, and the next read asks again', async () => {
    const { cache, store, record } = createWorld()
    store.fail('read')
    const all = await Promise.allSettled([cache.read(record.id), cache.read(record.id)])
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await isOpen(cache, record)).toBe(true)
  })

  test('do not wait for an answer that is older than maxStale already', async () => {
    const { cache, store, time, record } = createWorld()
    const gate = store.hold('read', 'after')
    const slow = cache.read(record.id)
    await gate.reached
    time.advance(250)
    cache.read(anId())
    time.advance(250)
    cache.read(anId())
    time.advance(250)
    cache.read(anId())
    time.advance(250)
    await store.end(record.id, aTombstone(record))
    cache.read(anId())
    expect(await isOpen(cache, record)).toBe(false)
    gate.release()
    await slow
  })
})

describe('what is kept', () => {
  test('tombstones: they are final, and good without a link', async () => {
    const { cache, store, bus, time, record } = createWorld()
    await store.end(record.id, aTombstone(record))
    await cache.read(record.id)
    bus.answerProbe = () => new Promise(() => undefined)
    time.advance(60 * MINUTE)
    expect(cache.read(record.id)).toMatchObject({ kind: 'ended' })
    expect(store.count('read')).toBe(1)
  })

  test('no unknown ids: guesses evict no session, and a new session is seen at once', async () => {
    const { cache, store, record } = createWorld({ size: 2 })
    await cache.read(record.id)
    for (let i = 0; i < 10; i++) await cache.read(anId())
    expect(cache.stats().count).toBe(1)
    const created = aRecord()
    await cache.read(created.id)
    store.create(created)
    expect(await isOpen(cache, created)).toBe(true)
  })

  test('at most size sessions: the least recently used one is evicted', async () => {
    const { cache, store } = createWorld({ size: 3 })
    const [a, b, c, d] = [aRecord(), aRecord(), aRecord(), aRecord()]
    for (const record of [a, b, c, d]) store.create(record)
    for (const { id } of [a, b, c, a, d]) await cache.read(id)
    const before = store.count('read')
    for (const { id } of [a, c, d]) await cache.read(id)
    expect(store.count('read')).toBe(before)
    await cache.read(b.id)
    expect(store.count('read')).toBe(before + 1)
  })

  test('exactly that, through any mix of uses', async () => {
    const ids = Array.from({ length: 8 }, () => aRecord())
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(7), fc.boolean()), { maxLength: 80 }), async (uses) => {
        const { cache, store, bus } = createWorld({ size: 3 })
        for (const record of ids) store.create(record)
        let model: number[] = []
        for (const [index, isForgotten] of uses) {
          const record = ids[index] as SessionRecord
          const before = store.count('read')
          await cache.read(record.id)
          expect(store.count('read') - before).toBe(model.includes(index) ? 0 : 1)
          model = [...model.filter((other) => other !== index), index].slice(-3)
          if (!isForgotten) continue
          bus.deliver(record.id)
          model = model.filter((other) => other !== index)
        }
      }),
    )
  })

  test('nothing with size 0, but changes are published', async () => {
    const { cache, store, bus, record } = createWorld({ size: 0 })
    await cache.read(record.id)
    await cache.read(record.id)
    expect(store.count('read')).toBe(2)
    await cache.end(record.id, aTombstone(record))
    await cache.read(record.id)
    await cache.read(record.id)
    expect(store.count('read')).toBe(4)
    expect(bus.published).toEqual([record.id])
  })

  test('nothing after a sweep that deleted something', async () => {
    const { cache, record } = createWorld()
    await cache.read(record.id)
    expect(await cache.sweep?.(record.expiresAt, 10)).toBe(1)
    expect(await cache.read(record.id)).toBeNull()
  })
})

describe('close', () => {
  test('lets go of the bus, and answers nothing from memory any more', async () => {
    const { cache, bus, record } = createWorld()
    await cache.read(record.id)
    await cache.close()
    expect(bus.listeners.size).toBe(0)
    expect(() => cache.read(record.id)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
    await cache.close()
  })

  test('closes the store although the bus fails', async () => {
    const { store, time, bus } = createWorld()
    const broken: Bus = { ...bus, subscribe: () => () => Promise.reject(new Error('x')) }
    const cache = nearCache(store, { bus: broken, timing: time.timing })
    await cache.read(anId())
    await cache.close()
    expect(store.count('close')).toBe(1)
  })
})

test('options that are wrong are refused at once', () => {
  const store = memoryStore()
  const bus = memoryBus()
  for (const options of [
    {},
    { bus: {} },
    { bus, size: -1 },
    { bus, size: 1.5 },
    { bus, maxStale: '0s' },
    { bus, insecureStaleWhileDown: 'x' },
  ]) {
    expect(() => nearCache(store, options as NearCacheOptions)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  }
})

test('events of the cache and of the store behind it reach sessions.on', async () => {
  const { cache, bus, record } = createWorld()
  const sessions = createSessions({ store: cache, warn: () => undefined })
  const kinds: string[] = []
  sessions.on('store', ({ kind, type }) => kinds.push(`${type} ${kind}`))
  await cache.read(record.id)
  bus.lose()
  expect(kinds).toEqual(['store link-up', 'store link-down'])
})
