import { Cluster as IoCluster, Redis as Ioredis } from 'ioredis'
import { Redis as Iovalkey, Cluster as IovalkeyCluster } from 'iovalkey'
import { createClient, createCluster, createSentinel } from 'redis'
import type { RedisClient } from '../../src/stores/redis.ts'
import type { SentinelGroup } from '../support/servers/redis.ts'

/** A client as an application makes it, connected. */
export interface Connected {
  readonly client: RedisClient
  close(): unknown
}

export type Connect = (ports: readonly number[]) => Promise<Connected>

const HOST = '127.0.0.1'

const quiet = <T extends { on(event: 'error', listener: () => void): unknown }>(client: T): T => {
  client.on('error', () => undefined)
  return client
}

/** As docs/stores/redis.md has them: a connection that is lost fails its requests instead of holding them. */
const FAIL_FAST = { enableOfflineQueue: false, maxRetriesPerRequest: 0, lazyConnect: true }
/** Not with `failoverDetector`: its message may come in the middle of a new connection, and then ioredis gives up for good. */
const SENTINEL = { reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY') }
const NODES = { clusterRetryStrategy: (tries: number): number => Math.min(tries * 50, 500), slotsRefreshTimeout: 2000 }

const reconnectStrategy = (tries: number): number => Math.min(tries * 50, 500)

export const oneServer = {
  async 'node-redis'([port]) {
    const client = createClient({
      disableOfflineQueue: true,
      socket: { host: HOST, port: Number(port), reconnectStrategy },
    })
    await quiet(client).connect()
    return { client, close: () => client.destroy() }
  },
  async 'node-redis on RESP3'([port]) {
    const client = createClient({
      RESP: 3,
      disableOfflineQueue: true,
      socket: { host: HOST, port: Number(port), reconnectStrategy },
    })
    await quiet(client).connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis([port]) {
    const client = quiet(new Ioredis({ ...FAIL_FAST, host: HOST, port: Number(port) }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  async 'ioredis with automatic pipelines'([port]) {
    const client = quiet(new Ioredis({ ...FAIL_FAST, host: HOST, port: Number(port), enableAutoPipelining: true }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  async iovalkey([port]) {
    const client = quiet(new Iovalkey({ ...FAIL_FAST, host: HOST, port: Number(port) }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
} satisfies Record<string, Connect>

const toNodes = (ports: readonly number[]): { host: string; port: number }[] =>
  ports.map((port) => ({ host: HOST, port }))

export const clusters = {
  async 'node-redis'(ports) {
    const client = createCluster({
      rootNodes: toNodes(ports).map((socket) => ({ socket })),
      defaults: { disableOfflineQueue: true, socket: { reconnectStrategy } },
    })
    await quiet(client).connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis(ports) {
    const client = quiet(new IoCluster(toNodes(ports), { ...NODES, lazyConnect: true }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  async iovalkey(ports) {
    const client = quiet(new IovalkeyCluster(toNodes(ports), { ...NODES, lazyConnect: true }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
} satisfies Record<string, Connect>

export type ConnectSentinel = (group: SentinelGroup) => Promise<Connected>

export const sentinels = {
  async 'node-redis'({ name, sentinels: sentinelRootNodes }) {
    const client = createSentinel({
      name,
      sentinelRootNodes: [...sentinelRootNodes],
      nodeClientOptions: { disableOfflineQueue: true, socket: { reconnectStrategy } },
      scanInterval: 500,
    })
    await quiet(client).connect()
    return { client, close: () => client.destroy() }
  },
  async ioredis({ name, sentinels: nodes }) {
    const client = quiet(new Ioredis({ ...FAIL_FAST, ...SENTINEL, name, sentinels: [...nodes] }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
  async iovalkey({ name, sentinels: nodes }) {
    const client = quiet(new Iovalkey({ ...FAIL_FAST, ...SENTINEL, name, sentinels: [...nodes] }))
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
} satisfies Record<string, ConnectSentinel>
