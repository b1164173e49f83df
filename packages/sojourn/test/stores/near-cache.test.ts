import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { createSessions, type RequestView } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { type NearCache, type NearCacheOptions, nearCache } from 'sojourn/stores/near-cache'
import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/record.ts'
import type { Store, StoreEvent } from '../../src/core/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Bus } from '../../src/stores/near-cache/bus.ts'
import { hookStore } from '../core/kit-store.ts'
import { testCases } from '../support/run-cases.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { anId, aRecord, aTombstone, MINUTE } from './records.ts'
import { type FakeBus, fakeBus } from './wrappers/fake-bus.ts'
import { createTime, settle, type Time } from './wrappers/time.ts'

/** What is behind each cache: another one over the same is another node. */
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
  createStore: () => newCache(),
  second: another,
  sweeps: true,
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
      // What expired may be shown for a while longer. The model does not know that.
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

interface World {
  readonly cache: NearCache
  readonly store: ReturnType<typeof hookStore>
  readonly bus: FakeBus
  readonly time: Time
  readonly events: StoreEvent[]
  /** A session that is stored; not through the cache. */
  readonly record: SessionRecord
  kinds(): string[]
}

/** A store that answers later and with copies, as one behind a network does. */
function late(store: Store): Store {
  return {
    ...store,
    read: async (id) => structuredClone(await store.read(id)),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
  }
}

function createWorld(options: Partial<NearCacheOptions> = {}): World {
  const time = createTime()
  const bus = fakeBus()
  const store = hookStore(late(memoryStore()))
  const cache = nearCache(store, { bus, timing: time.timing, ...options })
  const events: StoreEvent[] = []
  cache.observe?.((event) => events.push(event))
  const record = aRecord({ userId: 'ada', data: { n: '0' } })
  store.create(record)
  return { cache, store, bus, time, events, record, kinds: () => events.map(({ kind }) => kind) }
}

async function isOpen(cache: Store, { id }: SessionRecord): Promise<boolean> {
  return (await cache.read(id))?.kind === 'live'
}

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

describe('1 Ended is ended: never staler than maxStale, whatever breaks', () => {
  /** Reads all the while, as a busy node does. */
  async function readUntil({ cache, time, record }: World, isDone: () => Promise<boolean>): Promise<number> {
    for (let ms = 0; ms < 10_000; ms += 50) {
      if (await isDone()) return ms
      time.advance(50)
      await cache.read(record.id)
    }
    throw new Error('never')
  }

  test('a node that died between the store and the bus: nobody hears of the end, and still it holds', async () => {
    const world = createWorld()
    await world.cache.read(world.record.id)
    await world.store.end(world.record.id, aTombstone(world.record))
    expect(await isOpen(world.cache, world.record), 'at first').toBe(true)
    const ms = await readUntil(world, async () => !(await isOpen(world.cache, world.record)))
    expect(ms).toBe(1000)
  })

  test('maxStale is what was configured', async () => {
    const world = createWorld({ maxStale: '300ms' })
    await world.cache.read(world.record.id)
    await world.store.end(world.record.id, aTombstone(world.record))
    expect(await readUntil(world, async () => !(await isOpen(world.cache, world.record)))).toBe(300)
  })

  test('the age of an answer counts from when the read began, not from when it came', async () => {
    const { cache, store, time, record } = createWorld()
    const gate = store.hold('read', 'after')
    const slow = cache.read(record.id)
    await gate.reached
    await store.end(record.id, aTombstone(record))
    time.advance(400)
    cache.read(anId())
    time.advance(400)
    cache.read(anId())
    gate.release()
    await slow
    time.advance(199)
    expect(await isOpen(cache, record)).toBe(true)
    time.advance(1)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a link that broke: the very next read asks the store', async () => {
    const { cache, store, bus, record } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    bus.lose()
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a link that is dead without a word: after half of maxStale reads ask the store', async () => {
    const { cache, store, bus, time, record, kinds } = createWorld()
    await cache.read(record.id)
    bus.answerProbe = () => new Promise(() => undefined)
    time.advance(250)
    cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    time.advance(249)
    expect(await isOpen(cache, record), 'proved for a moment still').toBe(true)
    time.advance(1)
    expect(await isOpen(cache, record)).toBe(false)
    time.advance(250)
    await cache.read(anId())
    expect(kinds()).toEqual(['link-up', 'link-down'])
  })

  test('the machine slept: uptime stood still, the wall clock did not', async () => {
    const { cache, store, time, record } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    time.setWallBy(60 * MINUTE)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('the wall clock was set back by less than the age: uptime tells', async () => {
    const { cache, store, time, record } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    for (let i = 0; i < 4; i++) {
      time.advance(250)
      cache.read(anId())
    }
    time.setWallBy(-500)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('the wall clock was set back: no entry becomes younger', async () => {
    const { cache, store, time, record } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    time.setWallBy(-60 * MINUTE)
    expect(await isOpen(cache, record)).toBe(false)
  })
})

describe('an invalidation', () => {
  test('of a cached session makes the next read ask the store', async () => {
    const { cache, store, bus, record } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    bus.deliver(record.id)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('that arrives while a read is in flight keeps the late answer out of the cache', async () => {
    const { cache, store, bus, record } = createWorld()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await store.end(record.id, aTombstone(record))
    bus.deliver(record.id)
    gate.release()
    expect(await early).toMatchObject({ kind: 'live' })
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('that arrives while a read is in flight: whoever comes after it does not wait for that read', async () => {
    const { cache, store, bus, record } = createWorld()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await store.end(record.id, aTombstone(record))
    bus.deliver(record.id)
    expect(await isOpen(cache, record)).toBe(false)
    gate.release()
    await early
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('of other sessions leaves this one', async () => {
    const { cache, store, bus, record } = createWorld()
    await cache.read(record.id)
    bus.deliver(anId(), anId())
    await cache.read(record.id)
    expect(store.count('read')).toBe(1)
  })
})

describe('own changes', () => {
  test('are read as soon as they are acknowledged', async () => {
    const { cache, record } = createWorld()
    await cache.read(record.id)
    await cache.write(record.id, { set: { n: '1' } })
    expect(await cache.read(record.id)).toMatchObject({ data: { n: '1' } })
    await cache.end(record.id, aTombstone(record))
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a read that began before the change does not put the old state back', async () => {
    const { cache, store, record } = createWorld()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await cache.end(record.id, aTombstone(record))
    gate.release()
    await early
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a read that began during the change does not either', async () => {
    const { cache, store, record } = createWorld()
    const gate = store.hold('end')
    const ending = cache.end(record.id, aTombstone(record))
    await gate.reached
    expect(await isOpen(cache, record), 'not ended yet').toBe(true)
    gate.release()
    await ending
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a read while the answer to a change is on its way asks the store', async () => {
    const { cache, store, record } = createWorld()
    await cache.read(record.id)
    const gate = store.hold('end', 'after')
    const ending = cache.end(record.id, aTombstone(record))
    await gate.reached
    expect(await isOpen(cache, record)).toBe(false)
    gate.release()
    await ending
  })

  test('that failed, and may have been done, are looked up', async () => {
    const { cache, store, bus, record } = createWorld()
    await cache.read(record.id)
    store.fail('end', { when: 'after' })
    await expect(cache.end(record.id, aTombstone(record))).rejects.toThrow()
    expect(await isOpen(cache, record)).toBe(false)
    expect(bus.published, 'and others are told').toEqual([record.id])
  })

  test('that failed are looked up even if they were read meanwhile', async () => {
    const { cache, store, record } = createWorld()
    store.replace('end', async () => {
      await cache.read(record.id)
      await store.end(record.id, aTombstone(record))
      throw new Error('connection reset')
    })
    await expect(cache.end(record.id, aTombstone(record))).rejects.toThrow('connection reset')
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a session that was just looked for is found once it was created', async () => {
    const { cache } = createWorld()
    const record = aRecord()
    expect(await cache.read(record.id)).toBeNull()
    await cache.create(record)
    expect(await isOpen(cache, record)).toBe(true)
  })

  test('a read that finds nothing while the session is created does not hide it', async () => {
    const { cache, store } = createWorld()
    const record = aRecord()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await cache.create(record)
    expect(await isOpen(cache, record)).toBe(true)
    gate.release()
    expect(await early).toBeNull()
    expect(await isOpen(cache, record)).toBe(true)
  })

  test('are told after the store has them and before the caller goes on', async () => {
    const { cache, store, bus, time, record } = createWorld()
    const gate = store.hold('end')
    let sent = (): void => undefined
    bus.answerPublish = () => new Promise((resolve) => (sent = resolve))
    let isResolved = false
    const ending = Promise.resolve(cache.end(record.id, aTombstone(record))).then(() => {
      isResolved = true
    })
    await gate.reached
    expect(bus.published, 'before the store has it').toEqual([])
    gate.release()
    await settle()
    expect(bus.published).toEqual([record.id])
    expect(isResolved, 'before it was sent').toBe(false)
    sent()
    await ending
    expect(time.timers).toEqual([])
  })

  test('do not wait for a bus that is slow: a tenth of a second at most', async () => {
    const { cache, bus, time, record, kinds } = createWorld()
    bus.answerPublish = () => new Promise(() => undefined)
    const ending = cache.end(record.id, aTombstone(record))
    await settle()
    time.advance(100)
    expect(await ending).not.toBeNull()
    expect(kinds()).toContain('unpublished')
    expect(time.timers).toEqual([])
  })

  test('do not fail with the bus', async () => {
    const { cache, bus, record, kinds } = createWorld()
    bus.answerPublish = () => Promise.reject(new Error('gone'))
    expect(await cache.write(record.id, { set: { n: '1' } })).toEqual({ status: 'written' })
    bus.answerPublish = () => {
      throw new Error('gone')
    }
    expect(await cache.end(record.id, aTombstone(record))).not.toBeNull()
    expect(kinds().filter((kind) => kind === 'unpublished')).toHaveLength(2)
  })

  test('that changed nothing are not told, nor is last-seen alone', async () => {
    const { cache, bus, record } = createWorld()
    await cache.write(anId(), { set: { n: '1' } })
    await cache.end(anId(), aTombstone(record))
    await cache.write(record.id, { version: 9, head: record.head })
    const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
    await cache.write(record.id, { version: 0, seen })
    expect(bus.published).toEqual([])
    expect(await cache.read(record.id)).toMatchObject({ lastSeenAt: seen.at })
  })
})

describe('the link', () => {
  test('steps aside until it is proved for the first time', async () => {
    const { cache, store, bus, record } = createWorld()
    let prove = (): void => undefined
    bus.answerProbe = () => new Promise((resolve) => (prove = resolve))
    await cache.read(record.id)
    await cache.read(record.id)
    expect(store.count('read')).toBe(2)
    prove()
    await settle()
    await cache.read(record.id)
    await cache.read(record.id)
    expect(store.count('read'), 'what was read before the proof is not kept').toBe(3)
  })

  test('a reconnection drops everything that was cached before', async () => {
    const { cache, store, bus, time, record, kinds } = createWorld()
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    bus.lose()
    time.advance(250)
    await cache.read(anId())
    expect(kinds()).toEqual(['link-up', 'link-down', 'link-up'])
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a read in flight across a reconnection is not kept', async () => {
    const { cache, store, bus, time, record } = createWorld()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await store.end(record.id, aTombstone(record))
    bus.lose()
    time.advance(250)
    await cache.read(anId())
    gate.release()
    await early
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a read from before the first proof is not waited for after it', async () => {
    const { cache, store, bus, record } = createWorld()
    let prove = (): void => undefined
    bus.answerProbe = () => new Promise((resolve) => (prove = resolve))
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    await store.end(record.id, aTombstone(record))
    prove()
    await settle()
    expect(await isOpen(cache, record)).toBe(false)
    gate.release()
    await early
  })

  test('while it is not proved, nobody waits for the read of another', async () => {
    const { cache, store, bus, time, record } = createWorld()
    const gate = store.hold('read', 'after')
    const early = cache.read(record.id)
    await gate.reached
    bus.answerProbe = () => new Promise(() => undefined)
    time.advance(500)
    await cache.read(record.id)
    expect(store.count('read')).toBe(2)
    gate.release()
    await early
  })

  test('an answer to a question from before the break proves nothing', async () => {
    const { cache, store, bus, time, record } = createWorld()
    await cache.read(record.id)
    let answer = (): void => undefined
    bus.answerProbe = () => new Promise((resolve) => (answer = resolve))
    time.advance(250)
    cache.read(record.id)
    bus.lose()
    answer()
    await settle()
    await cache.read(record.id)
    await cache.read(record.id)
    expect(store.count('read')).toBe(3)
  })

  test('a proof counts from when it was asked for', async () => {
    const { cache, store, bus, time, record } = createWorld()
    let answer = (): void => undefined
    bus.answerProbe = () => new Promise((resolve) => (answer = resolve))
    time.advance(250)
    await cache.read(record.id)
    time.advance(400)
    answer()
    await settle()
    await cache.read(record.id)
    time.advance(100)
    await cache.read(record.id)
    expect(store.count('read')).toBe(3)
  })

  test('asks nothing of an idle bus, and sets no timer', async () => {
    const { cache, bus, time, record, kinds } = createWorld()
    await cache.read(record.id)
    time.advance(60 * MINUTE)
    expect(bus.probes()).toBe(1)
    await cache.read(record.id)
    expect(bus.probes()).toBe(2)
    expect(kinds(), 'nobody asked, so nothing failed').toEqual(['link-up'])
    expect(time.timers).toEqual([])
  })

  test('asks four times in each maxStale at most, however many reads there are', async () => {
    const { cache, bus, time, record } = createWorld()
    for (let ms = 0; ms < 10_000; ms += 10) {
      await cache.read(record.id)
      time.advance(10)
    }
    expect(bus.probes()).toBeLessThanOrEqual(41)
  })

  test('a probe that throws or rejects is a link that is down', async () => {
    for (const answerProbe of [() => Promise.reject(new Error('x')), () => fail()]) {
      const { cache, bus, store, record, kinds } = createWorld()
      bus.answerProbe = answerProbe
      await cache.read(record.id)
      await cache.read(record.id)
      await settle()
      expect(store.count('read')).toBe(2)
      expect(kinds()).toEqual(['link-down'])
    }
    function fail(): never {
      throw new Error('x')
    }
  })

  test('that is down makes no change wait for it', async () => {
    const { cache, bus, record } = createWorld()
    await cache.read(record.id)
    bus.lose()
    bus.answerPublish = () => new Promise(() => undefined)
    expect(await cache.end(record.id, aTombstone(record))).not.toBeNull()
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

  test('nothing of ids that are not there: a guesser pushes nobody out, a new session is seen at once', async () => {
    const { cache, store, record } = createWorld({ size: 2 })
    await cache.read(record.id)
    for (let i = 0; i < 10; i++) await cache.read(anId())
    expect(cache.stats().count).toBe(1)
    const created = aRecord()
    await cache.read(created.id)
    store.create(created)
    expect(await isOpen(cache, created)).toBe(true)
  })

  test('at most size sessions: what was not used for longest goes', async () => {
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

  test('nothing with size 0, but others are told', async () => {
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

describe('insecureStaleWhileDown', () => {
  const options = { insecureStaleWhileDown: '30s' } as const

  async function goDown({ store, bus, time }: World): Promise<void> {
    store.fail('read', { times: 1000 })
    bus.lose()
    bus.answerProbe = () => Promise.reject(new Error('down'))
    time.advance(5000)
  }

  test('off by default: without the store there is no session', async () => {
    const world = createWorld()
    await world.cache.read(world.record.id)
    await goDown(world)
    await expect(world.cache.read(world.record.id)).rejects.toThrow('connection reset')
  })

  test('a session that the cache holds stays readable for that time and no longer, and that is told once', async () => {
    const world = createWorld(options)
    const { cache, time, record, events } = world
    await cache.read(record.id)
    await goDown(world)
    expect(await isOpen(cache, record)).toBe(true)
    time.advance(24_999)
    expect(await isOpen(cache, record)).toBe(true)
    time.advance(1)
    await expect(cache.read(record.id)).rejects.toThrow('connection reset')
    expect(events.filter(({ kind }) => kind === 'stale')).toMatchObject([{ name: 'memory', operation: 'read' }])
    expect(cache.stats().stale).toBe(2)
  })

  test('others do not', async () => {
    const world = createWorld(options)
    await world.cache.read(world.record.id)
    await goDown(world)
    await expect(world.cache.read(anId())).rejects.toThrow('connection reset')
  })

  test('a session whose end was heard of, or asked for here, is not brought back', async () => {
    for (const hear of [
      ({ bus, record }: World) => bus.deliver(record.id),
      async ({ cache, store, record }: World) => {
        store.fail('end')
        await expect(cache.end(record.id, aTombstone(record))).rejects.toThrow()
      },
    ]) {
      const world = createWorld(options)
      await world.cache.read(world.record.id)
      await hear(world)
      await goDown(world)
      await expect(world.cache.read(world.record.id)).rejects.toThrow('connection reset')
    }
  })

  test('an end that was read while the link was down is not forgotten', async () => {
    const world = createWorld(options)
    const { cache, store, bus, record } = world
    await cache.read(record.id)
    bus.answerProbe = () => Promise.reject(new Error('down'))
    bus.lose()
    await store.end(record.id, aTombstone(record))
    await cache.read(record.id)
    await goDown(world)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('changes nothing while the store is up: a reconnection makes reads ask it', async () => {
    const { cache, store, bus, time, record } = createWorld(options)
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    bus.lose()
    time.advance(250)
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('what was read without a link is not taken for proved when there is one', async () => {
    const { cache, store, bus, record } = createWorld(options)
    let prove = (): void => undefined
    bus.answerProbe = () => new Promise((resolve) => (prove = resolve))
    await cache.read(record.id)
    await store.end(record.id, aTombstone(record))
    prove()
    await settle()
    expect(await isOpen(cache, record)).toBe(false)
  })

  test('a session that was found to be gone is not brought back', async () => {
    const world = createWorld(options)
    const { cache, store, time, record } = world
    await cache.read(record.id)
    time.advance(1000)
    await store.sweep(record.expiresAt, 10)
    expect(await cache.read(record.id)).toBeNull()
    await goDown(world)
    await expect(cache.read(record.id)).rejects.toThrow('connection reset')
  })

  test('writes still fail closed', async () => {
    const world = createWorld(options)
    const { cache, store, record } = world
    await cache.read(record.id)
    await goDown(world)
    store.fail('write')
    await expect(cache.write(record.id, { set: { n: '1' } })).rejects.toThrow('connection reset')
  })

  test('a store that was closed is not down', async () => {
    const { cache, store, time, record } = createWorld(options)
    await cache.read(record.id)
    await store.close()
    time.advance(2000)
    await expect(async () => cache.read(record.id)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('when the store is back, it is asked', async () => {
    const world = createWorld(options)
    const { cache, store, record } = world
    await cache.read(record.id)
    store.fail('read', { times: 1 })
    world.bus.lose()
    expect(await isOpen(cache, record), 'down').toBe(true)
    await store.end(record.id, aTombstone(record))
    expect(await isOpen(cache, record), 'back').toBe(false)
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
