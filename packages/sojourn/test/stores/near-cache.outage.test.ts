import { describe, expect, test } from 'vitest'
import { anId, aTombstone } from './records.ts'
import { createWorld, isOpen, type World } from './wrappers/near-cache-world.ts'
import { settle } from './wrappers/time.ts'

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

  test('a cached session stays readable for that time and no longer, and this is reported once', async () => {
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

  test('a value that was read without a link does not count as fresh once there is a link', async () => {
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

  test('a last-seen time that cannot be written does not fail a page that only reads', async () => {
    const world = createWorld(options)
    const { cache, store, record } = world
    await cache.read(record.id)
    await goDown(world)
    for (const at of [record.lastSeenAt + 60_000, record.lastSeenAt + 61_000]) {
      store.fail('write')
      const seen = { at, expiresAt: record.expiresAt + 60_000 }
      expect(await isOpen(cache, record)).toBe(true)
      await expect(cache.write(record.id, { version: record.version, seen })).rejects.toThrow('connection reset')
    }
    expect(await isOpen(cache, record)).toBe(true)
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
