import { rmdirSync } from 'node:fs'
import type { Store } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { newFolder } from '../support/servers/program.ts'
import { type RedisServer, startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone } from './records.ts'
import { type Connect, oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

interface Refusal {
  /** The beginning of the server's answer. */
  readonly code: string
  readonly isFull?: boolean
  begin(server: RedisServer): Promise<unknown>
  over(server: RedisServer): Promise<unknown>
}

const config = (server: RedisServer, name: string, value: string): Promise<unknown> =>
  server.ask('config', 'set', name, value)

/** The settings that make a server answer reads and refuse writes. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  'is full': {
    code: 'OOM',
    isFull: true,
    begin: (server) => config(server, 'maxmemory', '1'),
    over: (server) => config(server, 'maxmemory', '0'),
  },
  'is a replica now': {
    code: 'READONLY',
    begin: (server) => server.ask('replicaof', '127.0.0.1', '1'),
    over: (server) => server.ask('replicaof', 'no', 'one'),
  },
  'cannot save to its disk': {
    code: 'MISCONF',
    async begin(server) {
      const folder = await newFolder('redis-disk')
      await config(server, 'dir', folder)
      rmdirSync(folder)
      await config(server, 'save', '3600 1')
      const status = async (): Promise<string> => {
        await settled(server.ask('bgsave'))
        return String(await server.ask('info', 'persistence'))
      }
      await expect.poll(status, { timeout: 10_000 }).toContain('rdb_last_bgsave_status:err')
    },
    async over(server) {
      await config(server, 'save', '')
      await config(server, 'dir', await newFolder('redis-disk'))
    },
  },
  'has too few replicas': {
    code: 'NOREPLICAS',
    begin: (server) => config(server, 'min-replicas-to-write', '1'),
    over: (server) => config(server, 'min-replicas-to-write', '0'),
  },
}

const settled = (call: unknown): Promise<unknown> => Promise.resolve(call).catch((error: unknown) => error)

describe.skipIf(isLeftOut)('a server that', () => {
  let server: RedisServer
  const endings: (() => unknown)[] = []
  beforeAll(async () => {
    server = await startRedis(['--enable-debug-command', 'yes', '--enable-protected-configs', 'yes'])
  })
  afterAll(async () => {
    for (const end of endings.reverse()) await end()
    await server.stop()
  })

  async function open(connect: Connect | null): Promise<Store> {
    const prefix = `test-${anId()}:`
    if (connect === null) {
      const store = redisStore({ url: server.url, prefix })
      endings.push(() => store.close())
      return store
    }
    const { client, close } = await connect([server.port])
    endings.push(close)
    return redisStore({ client, prefix })
  }

  const clients: readonly (readonly [string, Connect | null])[] = [...Object.entries(oneServer), ['a URL', null]]

  describe.each(Object.entries(REFUSALS))('%s', (_, { code, isFull = false, begin, over }) => {
    test.each(clients)(
      'answers reads and refuses writes by name, and all is well when that is over: %s',
      async (_, connect) => {
        const store = await open(connect)
        const record = aRecord({ userId: 'ada', data: { n: '0' } })
        await store.create(record)
        await begin(server)
        try {
          const refused = {
            code: isFull ? 'ERR_STORE_FULL' : 'ERR_STORE',
            cause: { message: expect.stringContaining(code) },
          }
          expect(await settled(store.create(aRecord({ userId: 'bob' })))).toMatchObject(refused)
          // A URL's connection is made anew after READONLY, so what comes next may be refused for want of one.
          expect(await settled(store.write(record.id, { set: { n: '1' } }))).toMatchObject({ code: refused.code })
          await expect.poll(() => settled(store.read(record.id))).toEqual(record)
          await expect.poll(() => settled(store.list('ada'))).toEqual([record])
          if (!isFull)
            expect(await settled(store.end(record.id, aTombstone(record)))).toMatchObject({ code: 'ERR_STORE' })
        } finally {
          await over(server)
        }
        await expect.poll(() => settled(store.end(record.id, aTombstone(record))), { timeout: 10_000 }).toEqual(record)
      },
    )

    test.each([
      ['redis', () => redisBus({ url: server.url })],
      ['redis-tracking', () => redisTrackingBus({ url: server.url })],
    ] as const)('still carries what near caches tell each other: the %s bus', async (_, make) => {
      const [one, two] = [make(), make()]
      const heard: string[] = []
      const leave = two.subscribe({ changed: (ids) => void heard.push(...ids), lost: () => undefined })
      await two.probe()
      await begin(server)
      try {
        await one.probe()
        await two.probe()
        const id = anId()
        await one.publish([id])
        if (one.name === 'redis') await expect.poll(() => heard).toContain(id)
      } finally {
        await over(server)
        await leave()
      }
    })
  })

  test('is loading its data refuses every call as a fault, and is well again after it', async () => {
    const stores = await Promise.all(clients.map(([, connect]) => open(connect)))
    const record = aRecord({ userId: 'ada' })
    for (const store of stores) await store.create(record)
    // A server that loads looks at its clients each so many bytes.
    await config(server, 'loading-process-events-interval-bytes', '1024')
    await config(server, 'rdbcompression', 'no')
    await server.ask('debug', 'populate', '100', 'filler', '1500')
    await server.ask('save')
    await config(server, 'key-load-delay', '30000')
    const loading = server.ask('debug', 'reload', 'nosave')
    const cause = { message: expect.stringContaining('LOADING') }
    await expect.poll(() => settled(stores[0]?.read(record.id)), { interval: 1 }).toMatchObject({ cause })
    const calls = stores.flatMap((store) => [
      store.read(record.id),
      store.create(aRecord()),
      store.end(record.id, aTombstone(record)),
    ])
    for (const answer of await Promise.all(calls.map(settled)))
      expect(answer).toMatchObject({ code: 'ERR_STORE', cause })
    await loading
    await config(server, 'key-load-delay', '0')
    for (const store of stores)
      await expect.poll(() => settled(store.read(record.id)), { timeout: 10_000 }).toEqual(record)
  })
})
