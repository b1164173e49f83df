import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort, launch, newFolder, programPath, type Running } from './program.ts'

export interface RedisServer extends Running {
  readonly port: number
  readonly url: string
  /** One command, past every store. */
  ask(...command: string[]): Promise<unknown>
}

const NO_SAVING = ['--save', '', '--appendonly', 'no']

export type RedisProgram = 'redis-server' | 'valkey-server'

/** A server of its own, empty. On the port of one that is dead: that one, restarted empty. */
export async function startRedis(
  more: readonly string[] = [],
  at?: number,
  program: RedisProgram = 'redis-server',
): Promise<RedisServer> {
  const port = at ?? (await freePort())
  const folder = await newFolder('redis')
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...NO_SAVING, ...more]
  return toServer(await launch(programPath(program), { args, isReady: () => isUp(port) }), port)
}

function toServer(running: Running, port: number): RedisServer {
  return { ...running, port, url: `redis://127.0.0.1:${port}`, ask: (...command) => askAt(port, command) }
}

function askAt(port: number, [name = '', ...args]: readonly string[]): Promise<unknown> {
  return onConnection(port, (client) => client.call(name, ...args))
}

async function onConnection<T>(port: number, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: null })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    client.disconnect()
  }
}

async function isUp(port: number): Promise<boolean> {
  return (await askAt(port, ['ping'])) === 'PONG'
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('The servers did not come together.')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export interface RedisGroup {
  /** Masters first. */
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

function stopAll(servers: readonly Running[]): Promise<void> {
  return Promise.all(servers.map((server) => server.kill())).then(() => undefined)
}

const SLOTS = 16_384

/**
 * Waits until the replica of this empty master gets what is written. A replica that is linked may not get it yet: a master streams
 * to it from its first acknowledgment, which comes once a second. FLUSHALL is a write without a key, so each master of a cluster
 * takes it.
 */
async function untilReplicated({ port }: RedisServer): Promise<void> {
  await until(() =>
    onConnection(port, async (client) => {
      await client.flushall()
      return (await client.wait(1, 5000)) === 1
    }),
  )
}

/** Three masters, and a replica for each if asked for. */
export async function startCluster({
  replicas = false,
  program = 'redis-server',
}: {
  readonly replicas?: boolean
  readonly program?: RedisProgram
} = {}): Promise<RedisGroup> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0']
  const count = replicas ? 6 : 3
  const servers = await Promise.all(Array.from({ length: count }, () => startRedis(flags, undefined, program)))
  const masters = servers.slice(0, 3)
  await Promise.all(
    masters.map((server, i) => {
      const [from, to] = [Math.ceil((SLOTS * i) / 3), Math.ceil((SLOTS * (i + 1)) / 3) - 1]
      const slots = Array.from({ length: to - from + 1 }, (_, slot) => String(from + slot))
      return server.ask('cluster', 'addslots', ...slots)
    }),
  )
  await Promise.all(servers.map((server, i) => server.ask('cluster', 'set-config-epoch', String(i + 1))))
  for (const { port } of servers.slice(1)) await servers[0]?.ask('cluster', 'meet', '127.0.0.1', String(port))
  await until(async () => (await Promise.all(servers.map((server) => knows(server, count)))).every(Boolean))
  await Promise.all(
    servers.slice(3).map(async (replica, i) => {
      await replica.ask('cluster', 'replicate', String(await masters[i]?.ask('cluster', 'myid')))
      await until(async () => String(await replica.ask('info', 'replication')).includes('master_link_status:up'))
    }),
  )
  await until(async () => (await Promise.all(servers.map(isClusterUp))).every(Boolean))
  if (replicas) await Promise.all(masters.map(untilReplicated))
  return { servers, stop: () => stopAll(servers) }
}

async function knows(server: RedisServer, count: number): Promise<boolean> {
  return String(await server.ask('cluster', 'info')).includes(`cluster_known_nodes:${count}`)
}

async function isClusterUp(server: RedisServer): Promise<boolean> {
  return String(await server.ask('cluster', 'info')).includes('cluster_state:ok')
}

export interface SentinelGroup extends RedisGroup {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** The Sentinels' name of the master. */
  readonly name: string
}

/** A master, a replica, and three Sentinels that agree on them. */
export async function startSentinel(): Promise<SentinelGroup> {
  const master = await startRedis()
  const replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port)])
  const watchers = await Promise.all(Array.from({ length: 3 }, () => startWatcher(master.port)))
  await until(async () => (await Promise.all(watchers.map((watcher) => isQuorate(watcher)))).every(Boolean))
  await untilReplicated(master)
  const servers = [master, replica]
  const sentinels = watchers.map(({ port }) => ({ host: '127.0.0.1', port }))
  return { servers, sentinels, name: NAME, stop: () => stopAll([...watchers, ...servers]) }
}

const NAME = 'main'

async function startWatcher(masterPort: number): Promise<RedisServer> {
  const port = await freePort()
  const config = join(await newFolder('sentinel'), 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const args = [config, '--sentinel']
  return toServer(await launch(programPath('redis-server'), { args, isReady: () => isUp(port) }), port)
}

async function isQuorate(watcher: RedisServer): Promise<boolean> {
  const master = String(await watcher.ask('sentinel', 'master', NAME))
  const isAgreed = String(await watcher.ask('sentinel', 'ckquorum', NAME)).startsWith('OK 3')
  return isAgreed && master.includes('num-slaves,1')
}

/** Sets a key past every store, in whichever of these servers takes it. */
export async function setText(servers: readonly Pick<RedisServer, 'port'>[], key: string, text: string): Promise<void> {
  await Promise.any(servers.map(({ port }) => askAt(port, ['set', key, text])))
}

/** Every key that begins so, with everything in it, of all these servers. */
export async function dump(servers: readonly Pick<RedisServer, 'port'>[], prefix: string): Promise<string[]> {
  const found = await Promise.all(
    servers.map(({ port }) =>
      onConnection(port, async (client) => {
        const keys = await client.keys(`${prefix}*`)
        return Promise.all(keys.map(async (key) => `${key} ${await contentOf(client, key)}`))
      }),
    ),
  )
  return found.flat()
}

async function contentOf(client: Redis, key: string): Promise<unknown> {
  const type = await client.type(key)
  return type === 'string' ? client.get(key) : client.zrange(key, 0, -1, 'WITHSCORES')
}
