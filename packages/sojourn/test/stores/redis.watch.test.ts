import { createSessions, type Store, type StoreEvent } from 'sojourn'
import { afterAll, describe, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { redisStore } from '../../src/stores/redis.ts'
import { createClient, createClock, HOUR } from '../core/kit.ts'
import {
  type RedisProgram,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from '../support/servers/redis.ts'
import { anId, aRecord } from './records.ts'
import { type Connected, clusters, oneServer, sentinels } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

const ALL: readonly RedisProgram[] = ['redis-server', 'valkey-server']
const PROGRAMS = ALL.filter((program) => !without().includes(program))

const settled = (call: unknown): Promise<unknown> => Promise.resolve(call).catch((error: unknown) => error)

describe.skipIf(isLeftOut)('another server answers than before', () => {
  const endings: (() => unknown)[] = []
  afterAll(async () => {
    for (const end of endings.reverse()) await end()
  })

  function watched({ client, close }: Connected): { store: Store; events: StoreEvent[] } {
    endings.push(close)
    const store = redisStore({ client })
    const events: StoreEvent[] = []
    store.observe?.((event) => events.push(event))
    return { store, events }
  }

  /** Every one tells before it answers the first read again. */
  async function expectTold(
    all: readonly { store: Store; events: StoreEvent[] }[],
    ids: readonly ReturnType<typeof anId>[],
  ) {
    for (const { store, events } of all) {
      for (const id of ids) {
        await expect.poll(() => settled(store.read(id)), { timeout: 60_000, interval: 50 }).not.toBeInstanceOf(Error)
      }
      expect(events).toEqual([{ name: 'redis', kind: 'failover' }])
    }
  }

  test.each(Object.entries(oneServer))(
    '%s: a restart is reported once, a broken connection is not',
    async (_, connect) => {
      const server = await startRedis()
      const one = watched(await connect([server.port]))
      const read = () => settled(one.store.read(anId()))
      await read()
      await server.ask('client', 'kill', 'type', 'normal')
      await expect.poll(read, { timeout: 20_000 }).toBeNull()
      expect(one.events).toEqual([])
      await server.kill()
      const again = await startRedis([], server.port)
      endings.push(() => again.kill())
      await expectTold([one], [anId(), anId()])
    },
    60_000,
  )

  test.each(PROGRAMS)(
    '%s: a user without permission to identify the server keeps working, gets no reports, and is asked once',
    async (program) => {
      const server = await startRedis([], undefined, program)
      endings.push(() => server.kill())
      await server.ask('acl', 'setuser', 'app', 'on', '>secret', '~*', '+@all', '-info')
      const store = redisStore({ url: `redis://app:secret@127.0.0.1:${server.port}` })
      endings.push(() => store.close())
      const events: StoreEvent[] = []
      store.observe?.((event) => events.push(event))
      const record = aRecord()
      expect(await store.create(record)).toBe(true)
      await server.ask('config', 'resetstat')
      for (let turn = 0; turn < 5; turn++) expect(await store.read(record.id)).toEqual(record)
      expect(String(await server.ask('info', 'commandstats'))).not.toMatch(/cmdstat_eval/)
      expect(events).toEqual([])
    },
  )

  test('Sentinel: the failover from a master that forgot a renewal is reported before its replica is read', async () => {
    const group = await startSentinel()
    endings.push(group.stop)
    const connected = await Promise.all(Object.values(sentinels).map((connect) => connect(group)))
    const all = connected.map(watched)
    const clock = createClock()
    const visits = await Promise.all(
      all.map(async ({ store, events }) => {
        const sessions = createSessions({ store, clock, timeouts: { renew: '1m', grace: '30s' } })
        const alarms: unknown[] = []
        sessions.on('reuse', (event) => alarms.push(event))
        const visitor = createClient(sessions)
        await visitor.send((session) => session.login(anId()))
        return { visitor, alarms, events }
      }),
    )
    const [master, replica] = group.servers as [RedisServer, RedisServer]
    const info = async (server: RedisServer): Promise<string> => String(await server.ask('info', 'replication'))
    const offset = async (server: RedisServer, field: string): Promise<string | undefined> =>
      new RegExp(`^${field}:(\\d+)`, 'm').exec(await info(server))?.[1]
    await expect
      .poll(async () => (await offset(master, 'master_repl_offset')) === (await offset(replica, 'slave_repl_offset')), {
        timeout: 20_000,
      })
      .toBe(true)
    // From here on the replica hears nothing: it cannot log in to the master any more.
    await replica.ask('config', 'set', 'masterauth', 'wrong')
    await master.ask('client', 'kill', 'type', 'replica')
    await expect.poll(() => info(replica)).toContain('master_link_status:down')
    clock.advance(HOUR / 30)
    for (const { visitor } of visits) {
      const before = visitor.token()
      await visitor.send((session) => session.userId)
      expect(visitor.token()).not.toBe(before)
    }
    await master.kill()
    for (const { visitor, alarms, events } of visits) {
      const opened = () => settled(visitor.open())
      await expect.poll(opened, { timeout: 60_000, interval: 100 }).not.toBeInstanceOf(Error)
      expect(events).toEqual([{ name: 'redis', kind: 'failover' }])
      expect(alarms, 'an honest client is no thief').toEqual([])
    }
  }, 120_000)

  test('Cluster: each client reports a failover once, and no broken connection to another node', async () => {
    const { servers, stop } = await startCluster({ replicas: true })
    endings.push(stop)
    const ports = servers.map(({ port }) => port)
    const all = (await Promise.all(Object.values(clusters).map((connect) => connect(ports)))).map(watched)
    // Enough to lead to every node.
    const ids = Array.from({ length: 30 }, anId)
    for (const { store, events } of all) {
      for (const id of ids) await store.read(id)
      expect(events).toEqual([])
      await store.create(aRecord())
    }
    await servers[1]?.kill()
    await expectTold(all, ids)
  }, 120_000)
})
