import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { type NearCache, nearCache } from 'sojourn/stores/near-cache'
import { redisStore } from 'sojourn/stores/redis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { StoreEvent } from '../../src/core/contracts/store.ts'
import { aRecord, aTombstone } from '../stores/records.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'

describe('redis tracking bus, on a real server', () => {
  let server: RedisServer
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    server = await startRedis()
  }, 60_000)
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  afterAll(() => server.stop())

  async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const began = performance.now()
    // Long before it could be its age: what is seen here is the message.
    while (!(await isSo())) {
      if (performance.now() - began > 15_000) throw new Error(`never: ${what}`)
      await sleep(2)
    }
  }

  function newRecord(): SessionRecord {
    const now = Date.now()
    return aRecord({ userId: 'ada', createdAt: now, lastSeenAt: now, expiresAt: now + 600_000 })
  }

  /** With an age that no test waits for, so that what is seen comes from the bus alone. */
  async function newNode(prefix = 'sojourn:'): Promise<{ cache: NearCache; events: StoreEvent[] }> {
    const client = createClient({ url: server.url, disableOfflineQueue: true })
    client.on('error', () => undefined)
    await client.connect()
    const bus = redisTrackingBus({ client, prefix })
    const cache = nearCache(redisStore({ client, prefix }), { bus, maxStale: '10m' })
    closing.push(
      () => cache.close(),
      () => client.destroy(),
    )
    const events: StoreEvent[] = []
    cache.observe?.((event) => events.push(event))
    await cache.setup?.()
    await until('the link is up', () => events.some(({ kind }) => kind === 'link-up'))
    return { cache, events }
  }

  async function cached(cache: NearCache, { id }: SessionRecord): Promise<void> {
    await until('it is cached', () => {
      const answer = cache.read(id)
      return !(answer instanceof Promise)
    })
  }

  test('1 Ended is ended: a change on one node is seen on the other', async () => {
    const [{ cache: one }, { cache: two }] = [await newNode(), await newNode()]
    const record = newRecord()
    await one.create(record)
    await cached(two, record)
    await one.write(record.id, { set: { n: '1' } })
    await until('the new data', async () => {
      const kept = await two.read(record.id)
      return kept?.kind === 'live' && kept.data.n === '1'
    })
    await cached(two, record)
    await one.end(record.id, aTombstone(record, { endedAt: Date.now() }))
    await until('the end', async () => (await two.read(record.id))?.kind === 'ended')
  })

  test('so is what an operator deletes by hand, and a server that was emptied', async () => {
    const { cache } = await newNode('other:')
    for (const command of [['del'], ['flushall']] as const) {
      const record = newRecord()
      await cache.create(record)
      await cached(cache, record)
      await server.ask(...(command[0] === 'del' ? ['del', `other:${record.id}`] : ['flushall']))
      await until('it is gone', async () => (await cache.read(record.id)) === null)
    }
  })

  test('keys of others are no news', async () => {
    const { cache } = await newNode('mine:')
    const record = newRecord()
    await cache.create(record)
    await cached(cache, record)
    const { misses } = cache.stats()
    for (const key of [`theirs:${record.id}`, record.id, 'mine:@user', 'mine:', 'mine:a b', 'mine:a,b'])
      await server.ask('set', key, 'x')
    await sleep(100)
    await cache.read(record.id)
    expect(cache.stats().misses).toBe(misses)
  })

  test('a server that restarts empty: no cached value is used, and tracking continues', async () => {
    const { cache, events } = await newNode()
    const record = newRecord()
    await cache.create(record)
    await cached(cache, record)
    await server.kill()
    await until('the link is down', () => events.some(({ kind }) => kind === 'link-down'))
    await expect((async () => cache.read(record.id))()).rejects.toMatchObject({ code: 'ERR_STORE' })
    server = await startRedis([], server.port)
    await until('the store is back', async () => {
      try {
        return (await cache.read(record.id)) === null
      } catch {
        return false
      }
    })
    const second = newRecord()
    await cache.create(second)
    await until('the link is up', async () => !(cache.read(second.id) instanceof Promise))
    await server.ask('del', `sojourn:${second.id}`)
    await until('it is gone', async () => (await cache.read(second.id)) === null)
  }, 60_000)
})
