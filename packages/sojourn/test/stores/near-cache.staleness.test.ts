import { describe, expect, test } from 'vitest'
import { anId, aTombstone, MINUTE } from './records.ts'
import { createWorld, isOpen, type World } from './wrappers/near-cache-world.ts'

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
