import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster as IoCluster, Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient, createCluster } from 'redis'
import { createSessions, memoryStore } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { redisTrackingBus } from 'sojourn/buses/redis-tracking'
import { describe, expect, test } from 'vitest'
import type { Bus } from '../../src/stores/around/near-cache/bus.ts'
import { nearCache } from '../../src/stores/around/near-cache.ts'
import { createClient as createVisitor } from '../core/kit.ts'
import { hookStore } from '../core/kit-store.ts'
import { anId } from '../stores/records.ts'
import { type RedisServer, startCluster, startRedis } from '../support/servers/redis.ts'
import { type BusServer, testBus } from './bus-tests.ts'

type Open = (server: RedisServer, closing: (() => unknown)[]) => Promise<Bus>

const HOST = '127.0.0.1'
const ignore = (): void => undefined

/** As docs/stores/redis.md has them. */
const clients: Readonly<Record<string, Open>> = {
  async 'node-redis'({ port }, closing) {
    const client = createClient({ disableOfflineQueue: true, socket: { host: HOST, port, reconnectStrategy: 50 } })
    client.on('error', ignore)
    await client.connect()
    closing.push(() => client.destroy())
    return redisBus({ client })
  },
  async 'node-redis with its defaults'({ port }, closing) {
    const client = createClient({ RESP: 3, socket: { host: HOST, port } })
    client.on('error', ignore)
    await client.connect()
    closing.push(() => client.destroy())
    return redisBus({ client })
  },
  async ioredis({ port }, closing) {
    const options = { enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true }
    const client = new Ioredis({ host: HOST, port, ...options })
    client.on('error', ignore)
    await client.connect()
    closing.push(() => client.disconnect())
    return redisBus({ client })
  },
  async iovalkey({ port }, closing) {
    const client = new Iovalkey({ host: HOST, port })
    client.on('error', ignore)
    closing.push(() => client.disconnect())
    return redisBus({ client })
  },
  'a URL': async ({ url }) => redisBus({ url }),
}

async function start(open: Open): Promise<BusServer> {
  let server = await startRedis()
  const closing: (() => unknown)[] = []
  return {
    server: {
      pause: () => server.pause(),
      resume: () => server.resume(),
      kill: () => server.kill(),
      stop: () => server.stop(),
    },
    async restart() {
      server = await startRedis([], server.port)
    },
    newBus: () => open(server, closing),
    shout: (message) => server.ask('publish', 'sojourn', message),
    async closeClients() {
      for (const close of closing.splice(0)) close()
    },
  }
}

for (const [name, open] of Object.entries(clients)) testBus(`redis bus over ${name}`, () => start(open))

describe('redis bus on a cluster', () => {
  const rootNodes = (ports: readonly number[]): { host: string; port: number }[] =>
    ports.map((port) => ({ host: HOST, port }))
  const cluster: Readonly<Record<string, (ports: readonly number[], closing: (() => unknown)[]) => Promise<Bus>>> = {
    async 'node-redis'(ports, closing) {
      const client = createCluster({ rootNodes: rootNodes(ports).map((socket) => ({ socket })) })
      client.on('error', ignore)
      await client.connect()
      closing.push(() => client.destroy())
      return redisBus({ client })
    },
    async ioredis(ports, closing) {
      const client = new IoCluster(rootNodes(ports), { enableOfflineQueue: false, lazyConnect: true })
      client.on('error', ignore)
      await client.connect()
      closing.push(() => client.disconnect())
      return redisBus({ client })
    },
  }

  test.each(Object.entries(cluster))(
    'over %s: what one node publishes the other hears',
    async (_, open) => {
      const group = await startCluster()
      const closing: (() => unknown)[] = []
      try {
        const ports = group.servers.map(({ port }) => port)
        const [one, two] = [await open(ports, closing), await open(ports, closing)]
        const heard: string[] = []
        const stops = [one, two].map((bus) => bus.subscribe({ changed: (ids) => heard.push(...ids), lost: ignore }))
        await one.probe()
        await two.probe()
        const ids = Array.from({ length: 100 }, anId)
        await one.publish(ids)
        // The nodes of a cluster pass it on among themselves: no proof of one connection covers that.
        while (heard.length < 100) await sleep(2)
        expect(new Set(heard)).toEqual(new Set(ids))
        for (const stop of stops) await stop()
      } finally {
        for (const close of closing) close()
        await group.stop()
      }
    },
    60_000,
  )
})

describe('redis bus', () => {
  test('sessions that are closed during a logout leave no connection behind, so that the process can end', async () => {
    const server = await startRedis()
    const store = hookStore(memoryStore())
    const sessions = createSessions({ store: nearCache(store, { bus: redisBus({ url: server.url }) }) })
    const visitor = createVisitor(sessions)
    await visitor.send((session) => session.login('ada'))
    const connections = async (): Promise<number> =>
      String(await server.ask('client', 'list'))
        .split('\n')
        .filter(Boolean).length - 1
    await expect.poll(connections).toBe(2)
    const { reached, release } = store.hold('end', 'after')
    const logout = visitor.send((session) => session.logout())
    await reached
    await sessions.close()
    await expect.poll(connections).toBe(0)
    release()
    await logout
    // Long enough for a connection to come up.
    await sleep(200)
    expect(await connections()).toBe(0)
    await server.stop()
  })

  test('options that are wrong are refused at once', () => {
    const client = { publish: async () => 1 }
    for (const options of [{}, { url: 'redis://x', client }, { client }, { url: 'redis://x', channel: 'a b' }]) {
      expect(() => redisBus(options as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
    expect(() => redisTrackingBus({})).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    expect(() => redisTrackingBus({ url: 'redis://x', prefix: '' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  })
})
