import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { aRecord } from './records.ts'
import { oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

describe.skipIf(isLeftOut)('data beyond proto-max-bulk-len', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(['--proto-max-bulk-len', '1mb'])
  })
  afterAll(() => server.stop())

  test.each(Object.entries(oneServer))(
    '%s: is ERR_DATA_TOO_LARGE, what is there stays, and the store goes on',
    async (_, connect) => {
      const { client, close } = await connect([server.port])
      const store = redisStore({ client })
      const record = aRecord({ data: { a: '1' } })
      await store.create(record)
      const set = { big: 'x'.repeat(1_200_000) }
      const tooLarge = { code: 'ERR_DATA_TOO_LARGE', status: 413 }
      await expect(Promise.resolve(store.write(record.id, { set }))).rejects.toMatchObject(tooLarge)
      // Redis closed the connection over it.
      const isBack = (): Promise<unknown> => Promise.resolve(store.read(record.id)).catch(() => null)
      await expect.poll(isBack, { timeout: 10_000 }).toEqual(record)
      await expect(Promise.resolve(store.create(aRecord({ data: set })))).rejects.toMatchObject(tooLarge)
      await expect.poll(isBack, { timeout: 10_000 }).toEqual(record)
      await close()
    },
    20_000,
  )
})
