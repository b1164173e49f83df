import { describe, expect, test } from 'vitest'
import { anId, aTombstone, MINUTE } from './records.ts'
import { createWorld, isOpen } from './wrappers/near-cache-world.ts'
import { settle } from './wrappers/time.ts'

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

  test('tells what it was that broke, once', async () => {
    const { cache, bus, events, record } = createWorld()
    await cache.read(record.id)
    bus.lose()
    bus.lose()
    expect(events).toEqual([
      { name: 'fake', kind: 'link-up' },
      { name: 'fake', kind: 'link-down', error: new Error('connection reset') },
    ])
  })

  test('tells of a proof that was refused, and of one that never came', async () => {
    const { cache, bus, time, events, record } = createWorld()
    const refused = new Error('connection refused')
    bus.answerProbe = () => Promise.reject(refused)
    await cache.read(record.id)
    await settle()
    expect(events).toEqual([{ name: 'fake', kind: 'link-down', error: refused }])
    bus.answerProbe = () => undefined
    time.advance(250)
    await cache.read(record.id)
    bus.answerProbe = () => new Promise(() => undefined)
    for (let step = 0; step < 5; step++) {
      time.advance(250)
      await cache.read(record.id)
    }
    expect(events.slice(1)).toEqual([
      { name: 'fake', kind: 'link-up' },
      { name: 'fake', kind: 'link-down' },
    ])
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
