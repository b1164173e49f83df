import { describe, expect, test } from 'vitest'
import { anId, aRecord, aTombstone, MINUTE } from './records.ts'
import { createWorld, isOpen } from './wrappers/near-cache-world.ts'
import { settle } from './wrappers/time.ts'

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

  test('are published after the store has them and before the caller continues', async () => {
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

  test('that set last-seen beside anything else are published: other caches would otherwise keep the old value', async () => {
    for (const beside of [{ set: { n: '1' } }, { remove: ['n'] }, { head: { secret: 's', secretAt: 0 } }]) {
      const { cache, bus, record } = createWorld()
      const seen = { at: record.lastSeenAt + 1, expiresAt: record.expiresAt + 1 }
      expect(await cache.write(record.id, { version: record.version, seen, ...beside })).toEqual({ status: 'written' })
      expect(bus.published, Object.keys(beside)[0]).toEqual([record.id])
    }
  })

  test('that changed nothing are not published, nor is a change of last-seen only', async () => {
    const { cache, bus, record } = createWorld()
    await cache.write(anId(), { set: { n: '1' } })
    await cache.end(anId(), aTombstone(record))
    await cache.write(record.id, { version: 9, nextVersion: 10, head: record.head })
    const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
    await cache.write(record.id, { version: 0, seen })
    expect(bus.published).toEqual([])
    expect(await cache.read(record.id)).toMatchObject({ lastSeenAt: seen.at })
  })
})
