import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toStoreError } from '../../src/stores/redis/records.ts'
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
    '%s: is refused, what is there stays, and the store continues to work',
    async (_, connectTo) => {
      const { client, close } = await connectTo([server.port])
      const store = redisStore({ client })
      const record = aRecord({ data: { a: '1' } })
      await store.create(record)
      const set = { big: 'x'.repeat(1_200_000) }
      // Redis says why and closes the connection at once. With unread data on it, the reset can overtake the reason.
      const refused = { code: expect.stringMatching(/^ERR_(DATA_TOO_LARGE|STORE)$/) }
      await expect(Promise.resolve(store.write(record.id, { set }))).rejects.toMatchObject(refused)
      const isBack = (): Promise<unknown> => Promise.resolve(store.read(record.id)).catch(() => null)
      await expect.poll(isBack, { timeout: 10_000 }).toEqual(record)
      await expect(Promise.resolve(store.create(aRecord({ data: set })))).rejects.toMatchObject(refused)
      await expect.poll(isBack, { timeout: 10_000 }).toEqual(record)
      await close()
    },
    20_000,
  )

  test('the error of Redis becomes ERR_DATA_TOO_LARGE', async () => {
    const socket = connect({ port: server.port, host: '127.0.0.1' })
    socket.write('*2\r\n$4\r\nECHO\r\n$1200000\r\n')
    const [reply] = await once(socket, 'data')
    socket.destroy()
    const reason = String(reply).trim().slice('-'.length)
    expect(toStoreError('write', new Error(reason))).toMatchObject({ code: 'ERR_DATA_TOO_LARGE', status: 413 })
  })
})
