import { Redis as Ioredis, Cluster as IoredisCluster } from 'ioredis'
import { Redis as Iovalkey, Cluster as IovalkeyCluster } from 'iovalkey'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { type RedisServer, startCluster, startRedis, startSentinel } from '../support/servers/redis.ts'
import { type LossyStore, lostAnswerCases } from './lost-answers.ts'
import { anId } from './records.ts'
import type { Connected } from './redis-clients.ts'
import { clusters, oneServer } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

const HOST = '127.0.0.1'
/** A request that changes something. */
const CHANGE = /evalsha|\r\nset\r\n/i

/** Where a client finds each server's proxy, by the server's own address. */
type Detour = Readonly<Record<string, { host: string; port: number }>>

interface Lossy {
  readonly detour: Detour
  readonly ports: readonly number[]
  loseNext(): void
  heal(): void
  stop(): Promise<void>
}

/** A proxy before each server. One of them loses one answer, whichever it is that is asked. */
async function startLossy(servers: readonly RedisServer[]): Promise<Lossy> {
  const heal = (): void => {
    for (const proxy of proxies) proxy.heal()
  }
  const proxies = await Promise.all(servers.map(({ port }) => startProxy(port, heal)))
  const ports = proxies.map(({ port }) => port)
  const detour = Object.fromEntries(
    servers.map(({ port }, i) => [`${HOST}:${port}`, { host: HOST, port: Number(ports[i]) }]),
  )
  return {
    detour,
    ports,
    heal,
    loseNext() {
      for (const proxy of proxies) proxy.loseReplyTo(CHANGE)
    },
    stop: async () => void (await Promise.all(proxies.map((proxy) => proxy.stop()))),
  }
}

interface Group {
  readonly servers: readonly RedisServer[]
  readonly sentinels?: readonly { readonly host: string; readonly port: number }[]
  stop(): Promise<unknown>
}

type Connect = (lossy: Lossy, group: Group) => Promise<Connected>

const quiet = <T extends { on(event: 'error', listener: () => void): unknown }>(client: T): T => {
  client.on('error', () => undefined)
  return client
}

/** As each client is when nothing is set. */
const plain: Readonly<Record<string, Connect>> = {
  async 'node-redis'({ ports: [port] }) {
    const client = quiet(createClient({ socket: { host: HOST, port: Number(port) } }))
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async 'a pool of node-redis'({ ports: [port] }) {
    const client = quiet(createClientPool({ socket: { host: HOST, port: Number(port) } }, { minimum: 2 }))
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis({ ports: [port] }) {
    const client = quiet(new Ioredis({ host: HOST, port: Number(port) }))
    return { client, close: () => client.disconnect() }
  },
  async 'ioredis with automatic pipelines'({ ports: [port] }) {
    const client = quiet(new Ioredis({ host: HOST, port: Number(port), enableAutoPipelining: true }))
    return { client, close: () => client.disconnect() }
  },
  async iovalkey({ ports: [port] }) {
    const client = quiet(new Iovalkey({ host: HOST, port: Number(port) }))
    return { client, close: () => client.disconnect() }
  },
  'node-redis that fails fast': ({ ports }) => oneServer['node-redis'](ports),
  'ioredis that fails fast': ({ ports }) => oneServer.ioredis(ports),
}

const behindSentinel: Readonly<Record<string, Connect>> = {
  async 'node-redis'({ detour }, { sentinels = [] }) {
    const client = quiet(createSentinel({ name: 'main', sentinelRootNodes: [...sentinels], nodeAddressMap: detour }))
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis({ detour }, { sentinels = [] }) {
    const client = quiet(new Ioredis({ name: 'main', sentinels: [...sentinels], natMap: detour }))
    return { client, close: () => client.disconnect() }
  },
  async iovalkey({ detour }, { sentinels = [] }) {
    const client = quiet(new Iovalkey({ name: 'main', sentinels: [...sentinels], natMap: detour }))
    return { client, close: () => client.disconnect() }
  },
}

const toNodes = (ports: readonly number[]): { host: string; port: number }[] =>
  ports.map((port) => ({ host: HOST, port }))

const ofCluster: Readonly<Record<string, Connect>> = {
  async 'node-redis'({ detour, ports }) {
    const client = quiet(
      createCluster({ rootNodes: toNodes(ports).map((socket) => ({ socket })), nodeAddressMap: detour }),
    )
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis({ detour, ports }) {
    const client = quiet(new IoredisCluster(toNodes(ports), { natMap: detour }))
    return { client, close: () => client.disconnect() }
  },
  async iovalkey({ detour, ports }) {
    const client = quiet(new IovalkeyCluster(toNodes(ports), { natMap: detour }))
    return { client, close: () => client.disconnect() }
  },
}

function testOn(title: string, start: () => Promise<Group>, clients: Readonly<Record<string, Connect>>): void {
  describe.skipIf(isLeftOut)(title, () => {
    let group: Group
    let lossy: Lossy
    beforeAll(async () => {
      group = await start()
      lossy = await startLossy(group.servers)
    })
    afterAll(async () => {
      await lossy.stop()
      await group.stop()
    })

    describe.each(Object.entries(clients))('%s', (_, connect) => {
      let connected: Connected
      let past: Connected
      beforeAll(async () => {
        connected = await connect(lossy, group)
        const ports = group.servers.map(({ port }) => port)
        past = await (title.includes('Cluster') ? clusters.ioredis(ports) : oneServer.ioredis(ports))
      })
      afterAll(async () => {
        await connected.close()
        await past.close()
      })

      test.each(lostAnswerCases.map((one) => [one.name, one] as const))('%s', async (_, { run }) => {
        lossy.heal()
        const prefix = `test-${anId()}:`
        const stores: LossyStore = {
          store: redisStore({ client: connected.client, prefix }),
          straight: redisStore({ client: past.client, prefix }),
          loseNext: lossy.loseNext,
        }
        await run(stores)
      })
    })
  })
}

testOn(
  'an answer of one server is lost',
  async () => {
    const server = await startRedis()
    return { servers: [server], stop: server.stop }
  },
  plain,
)
testOn('an answer of a master behind Sentinel is lost', startSentinel, behindSentinel)
testOn('an answer of a Cluster is lost', () => startCluster(), ofCluster)
