import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { memoryStore, once, type Store } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { lmdbStore } from 'sojourn/stores/lmdb'
import { nearCache } from 'sojourn/stores/near-cache'
import { postgresStore } from 'sojourn/stores/postgres'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createClock, createWorld, MINUTE, rejection } from '../core/kit.ts'
import { startRedis } from '../support/servers/redis.ts'
import { isLeftOut } from './redis-stores.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sojourn-once-'))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

let redisStores = 0
const redis = isLeftOut ? null : await startRedis()
afterAll(() => redis?.stop())

const STORES: readonly [string, () => Store | Promise<Store>][] = [
  ['memory', () => memoryStore()],
  ['near cache', () => nearCache(memoryStore(), { bus: memoryBus() })],
  ['PGlite', async () => postgresStore({ client: await PGlite.create() })],
  ...(redis === null
    ? []
    : [['redis', () => redisStore({ url: redis.url, prefix: `once${redisStores++}:` })] as [string, () => Store]]),
  ['lmdb', () => lmdbStore({ path: folder() })],
]

describe.each(STORES)('once on %s', (_, create) => {
  async function start() {
    const store = await create()
    cleanups.push(() => store.close())
    await store.setup?.()
    const clock = createClock(Date.now())
    return { store, clock, use: (key: string, forMs = MINUTE) => once(store, key, clock() + forMs, clock) }
  }

  it('a token that is presented twice is accepted once; another key is another', async () => {
    const { use } = await start()
    expect([await use('jti:a'), await use('jti:a'), await use('jti:b')]).toEqual([true, false, true])
  })

  it('exactly one of fifty parallel uses is the first', async () => {
    const { use } = await start()
    const all = await Promise.all(Array.from({ length: 50 }, () => use('jti:a')))
    expect(all.filter(Boolean)).toHaveLength(1)
  })

  it('an expired key that is still stored is free again, for exactly one of fifty', async () => {
    const { use, clock } = await start()
    await use('order:7')
    clock.advance(MINUTE - 1)
    expect(await use('order:7')).toBe(false)
    clock.advance(1)
    const all = await Promise.all(Array.from({ length: 50 }, () => use('order:7')))
    expect(all.filter(Boolean)).toHaveLength(1)
    clock.advance(MINUTE - 1)
    expect(await use('order:7')).toBe(false)
    clock.advance(1)
    expect(await use('order:7')).toBe(true)
  })

  it('a key is swept when its time has come, and not before', async () => {
    const { store, use, clock } = await start()
    await use('order:7')
    // Redis deletes by its own clock.
    if (store.sweep === undefined) return expect(store.name).toBe('redis')
    expect(await store.sweep(clock() + MINUTE - 1, 10)).toBe(0)
    expect(await store.sweep(clock() + MINUTE, 10)).toBe(1)
  })
})

describe('once', () => {
  it('keeps whole times with a clock that has fractions', async () => {
    const world = createWorld()
    expect(await once(world.store, 'ticket', world.clock() + MINUTE, () => world.clock() + 0.25)).toBe(true)
    const [record] = world.store.calls.flatMap(({ operation, args }) => (operation === 'create' ? args : []))
    expect(record).toMatchObject({ createdAt: world.clock(), lastSeenAt: world.clock() })
  })

  it('takes the end of a signed token, which may have a fraction', async () => {
    const store = memoryStore()
    const exp = Date.now() / 1000 + 60.000_123
    expect([await once(store, 'jti:1', exp * 1000), await once(store, 'jti:1', exp * 1000)]).toEqual([true, false])
  })

  it('refuses a ticket whose own time has passed', async () => {
    expect(await once(memoryStore(), 'ticket:1', new Date(Date.now() - 1))).toBe(false)
  })

  it('stores no key in the clear, and nothing that a token could open', async () => {
    const store = memoryStore()
    await once(store, 'ticket:a-secret', Date.now() + MINUTE)
    const page = await store.scan?.(null, 10)
    expect(JSON.stringify(page?.values)).not.toContain('a-secret')
    const [record] = page?.values ?? []
    // A hash has 43 characters, and texts of another length are never equal to it.
    expect(record).toMatchObject({ head: { secret: expect.stringMatching(/^[\w-]{22}$/) } })
  })

  it('calls of one moment write different things, or a store that resends would take one call for its copy', async () => {
    const store = memoryStore()
    const written: string[] = []
    const spy: Store = {
      ...store,
      create(record) {
        written.push(JSON.stringify(record))
        return store.create(record)
      },
      write(id, change) {
        written.push(JSON.stringify(change))
        return store.write(id, change)
      },
    }
    await Promise.all([1, 2].map(() => once(spy, 'a', 100, () => 50)))
    await Promise.all([1, 2].map(() => once(spy, 'a', 200, () => 150)))
    expect(new Set(written).size).toBe(written.length)
    expect(written.length).toBeGreaterThan(4)
  })

  it('a flood of anonymous sessions does not make a full memory store forget a key', async () => {
    const world = createWorld({ store: memoryStore({ maxSessions: 10 }) })
    expect(await once(world.store, 'jti:a', world.clock() + MINUTE, world.clock)).toBe(true)
    for (let i = 0; i < 30; i++) await world.client().send((session) => Object.assign(session.data, { i }))
    expect(await once(world.store, 'jti:a', world.clock() + MINUTE, world.clock)).toBe(false)
  })

  it.each([
    ['an empty key', () => once(memoryStore(), '', Date.now() + MINUTE)],
    ['no key', () => once(memoryStore(), 7 as never, Date.now() + MINUTE)],
    ['no time', () => once(memoryStore(), 'a', new Date('tomorrow'))],
    ['a store that may lose writes', () => once({ ...memoryStore(), lacks: { 'lost-update': 'It may.' } }, 'a', 9e15)],
  ])('refuses %s', async (_, call) => {
    expect(await rejection(call)).toMatchObject({ code: 'ERR_OPTION' })
  })

  it('7 Fail closed: rejects when the store cannot answer', async () => {
    const create = () => Promise.reject(new Error('connection reset'))
    expect(await rejection(once({ ...memoryStore(), create }, 'a', Date.now() + MINUTE))).toMatchObject({
      code: 'ERR_STORE',
    })
  })
})
