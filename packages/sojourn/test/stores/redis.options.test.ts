import { Redis as Ioredis } from 'ioredis'
import { afterAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { type RedisStoreOptions, redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone } from './records.ts'
import { oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

describe('options of redisStore', () => {
  const client = { sendCommand: async () => null }
  const wrong: Readonly<Record<string, unknown>> = {
    nothing: {},
    'a url and a client': { url: 'redis://localhost', client },
    'a url of something else': { url: 'https://localhost' },
    'a url that is none': { url: 6379 },
    'a client that is none': { client: {} },
    'no client at all': { client: null },
    'a prefix that is none': { client, prefix: 1 },
    'a prefix that is empty': { client, prefix: '' },
    'a prefix of a variable that is not set': { client, prefix: undefined },
    'a Cluster that reads from replicas': {
      client: { call: async () => null, on: () => null, removeListener: () => null, options: { scaleReads: 'slave' } },
    },
    'a client that a failover may end for good': {
      client: {
        call: async () => null,
        on: () => null,
        removeListener: () => null,
        options: { failoverDetector: true },
      },
    },
    'a client of a replica': {
      client: { call: async () => null, on: () => null, removeListener: () => null, options: { role: 'slave' } },
    },
  }

  test.each(Object.entries(wrong))('%s is an option error', (_, options) => {
    expect(() => redisStore(options as RedisStoreOptions)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  test('nothing connects before setup or the first call', async () => {
    const store = redisStore({ url: 'redis://127.0.0.1:1' })
    await store.close()
    await expect(store.read(anId())).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('no error quotes the password of a url', async () => {
    const store = redisStore({ url: 'redis://user:pass-of-the-url@127.0.0.1:1' })
    const error: unknown = await Promise.resolve(store.read(anId())).catch((found: unknown) => found)
    expect(error).toMatchObject({ code: 'ERR_STORE' })
    expect(JSON.stringify(error) + (error as Error).stack + String((error as Error).cause)).not.toContain('pass-of')
    await store.close()
  })
})

describe.skipIf(isLeftOut)('foreign values in Redis', async () => {
  if (isLeftOut) return
  const server = await startRedis()
  afterAll(() => server.stop())

  /** Everything an error would put into a log. */
  function textOf(error: unknown): string {
    const texts: string[] = []
    for (let it = error; it instanceof Error; it = it.cause) texts.push(it.message, it.stack ?? '', JSON.stringify(it))
    return texts.join('\n')
  }

  async function callAll(store: ReturnType<typeof redisStore>, record: SessionRecord): Promise<unknown[]> {
    const calls = [store.read(record.id), store.write(record.id, { set: { a: 'private-value' } })]
    return Promise.all(calls.map((call) => Promise.resolve(call).catch((error: unknown) => error)))
  }

  /** It hides nothing of the list, and is ended. */
  async function expectEnded(store: ReturnType<typeof redisStore>, record: SessionRecord): Promise<void> {
    const damaged = { kind: 'damaged', id: record.id }
    const other = aRecord({ userId: record.userId })
    await store.create(other)
    expect(await store.list(record.userId ?? '')).toEqual(expect.arrayContaining([damaged, other]))
    expect(await store.end(record.id, aTombstone(record))).toEqual(damaged)
    expect(await store.read(record.id)).toEqual(aTombstone(record))
    expect(await store.list(record.userId ?? '')).toEqual([other])
  }

  const texts = ['9L1  2  0\n\n{}', 'private-value', '', '1X']

  test.each(texts)(
    'a record of %j: every call on it fails, none says "nothing there", none quotes it',
    async (text) => {
      const { client, close } = await oneServer.ioredis([server.port])
      const store = redisStore({ client })
      const record = aRecord({ userId: `user ${anId()}` })
      await store.create(record)
      await server.ask('set', `sojourn:${record.id}`, text)
      expect(await store.create(record)).toBe(false)
      for (const error of await callAll(store, record)) {
        expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
        expect(textOf(error)).not.toContain('private-value')
      }
      await expectEnded(store, record)
      await close()
    },
  )

  test.each(Object.entries(oneServer))(
    '%s: a key of another type fails by name, and quotes no id',
    async (_, connect) => {
      const { client, close } = await connect([server.port])
      const store = redisStore({ client })
      const record = aRecord({ userId: `user ${anId()}` })
      await store.create(record)
      await server.ask('del', `sojourn:${record.id}`)
      await server.ask('rpush', `sojourn:${record.id}`, 'private-value')
      for (const error of await callAll(store, record)) {
        expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
        expect(textOf(error)).toContain('WRONGTYPE')
        expect(textOf(error)).not.toContain(record.id)
        expect(textOf(error)).not.toContain('private-value')
      }
      await expectEnded(store, record)
      await close()
    },
  )

  test('a server that does not know a command, and quotes its arguments, is not quoted in turn', async () => {
    const other = await startRedis(['--rename-command', 'GET', ''])
    const store = redisStore({ url: other.url })
    const id = anId()
    const error: unknown = await Promise.resolve(store.read(id)).catch((found: unknown) => found)
    expect(error).toMatchObject({ code: 'ERR_STORE' })
    expect(textOf(error)).not.toContain(id)
    await store.close()
    await other.stop()
  })

  test('with a key prefix of the client’s own, everything works under it', async () => {
    const client = new Ioredis({ host: '127.0.0.1', port: server.port, keyPrefix: 'shop:' })
    const store = redisStore({ client })
    const record = aRecord({ userId: `user ${anId()}` })
    await store.create(record)
    await store.write(record.id, { set: { a: '1' } })
    expect(await store.list(record.userId ?? '')).toEqual([{ ...record, data: { a: '1' } }])
    expect(await server.ask('exists', `shop:sojourn:${record.id}`)).toBe(1)
    client.disconnect()
  })
})
