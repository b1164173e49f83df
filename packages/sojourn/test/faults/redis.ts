import { redisStore } from 'sojourn/stores/redis'
import { resilientStore } from 'sojourn/stores/resilient'
import { type Connected, clusters, oneServer, sentinels } from '../stores/redis-clients.ts'
import { newFolder } from '../support/servers/program.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { type RedisServer, startCluster, startRedis, startSentinel } from '../support/servers/redis.ts'
import type { Deployment, Scenario } from './deployment.ts'
import { cutOften, later } from './trouble.ts'

/** Each web server uses one client, of both kinds; one of them gives up on slow calls, and continues. */
async function deploy(
  connects: readonly [one: () => Promise<Connected>, two: () => Promise<Connected>],
  stop: () => Promise<void>,
): Promise<Pick<Deployment, 'stores' | 'close'>> {
  const [one, two] = [await connects[0](), await connects[1]()]
  const patient = redisStore({ client: one.client })
  const stores = [patient, resilientStore(redisStore({ client: two.client }), { timeout: '500ms' })] as const
  return {
    stores,
    async close() {
      for (const connected of [one, two]) await connected.close()
      await stop()
    },
  }
}

const KINDS = ['node-redis', 'ioredis'] as const

function bothKinds<Where>(
  kinds: Readonly<Record<string, (where: Where) => Promise<Connected>>>,
  where: Where,
): [() => Promise<Connected>, () => Promise<Connected>] {
  const connect = (kind: (typeof KINDS)[number]) => (): Promise<Connected> => {
    const found = kinds[kind]
    if (found === undefined) throw new Error(`no client: ${kind}`)
    return found(where)
  }
  return [connect('node-redis'), connect('ioredis')]
}

/** A server that may be replaced by another one at the same port. */
async function deployOne(
  args: readonly string[],
  strike: (server: RedisServer) => Promise<RedisServer>,
): Promise<Deployment> {
  let server = await startRedis(args)
  return {
    ...(await deploy(bothKinds(oneServer, [server.port]), () => server.kill())),
    async strike() {
      server = await strike(server)
    },
  }
}

const common = { store: 'redis', program: 'redis-server', recoversFrom: 'end' } as const

export const redisScenarios: readonly Scenario[] = [
  {
    ...common,
    fault: 'killed and started again',
    writes: 'kept',
    async open() {
      const folder = await newFolder('redis-durable')
      const durable = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always']
      return deployOne(durable, async (server) => {
        await server.kill()
        return startRedis(durable, server.port)
      })
    },
  },
  {
    ...common,
    fault: 'killed and started empty',
    writes: 'forgotten',
    open: () =>
      deployOne([], async (server) => {
        await server.kill()
        return startRedis([], server.port)
      }),
  },
  {
    ...common,
    fault: 'paused',
    writes: 'kept',
    open: () =>
      deployOne([], async (server) => {
        server.pause()
        await later(1500)
        server.resume()
        return server
      }),
  },
  {
    ...common,
    fault: 'cut off in the middle of replies',
    writes: 'kept',
    async open() {
      const server = await startRedis()
      const proxy = await startProxy(server.port)
      const close = async (): Promise<void> => {
        await proxy.stop()
        await server.kill()
      }
      return { ...(await deploy(bothKinds(oneServer, [proxy.port]), close)), strike: () => cutOften(proxy) }
    },
  },
  {
    ...common,
    store: 'redis sentinel',
    fault: 'master killed',
    writes: 'replicated',
    recoversFrom: 'beginning',
    async open() {
      const group = await startSentinel()
      return {
        ...(await deploy(bothKinds(sentinels, group), () => group.stop())),
        strike: async () => group.servers[0]?.kill(),
      }
    },
  },
  {
    ...common,
    store: 'redis cluster',
    fault: 'master killed',
    writes: 'replicated apart',
    recoversFrom: 'beginning',
    async open() {
      const group = await startCluster({ replicas: true })
      const ports = group.servers.map(({ port }) => port)
      return {
        ...(await deploy(bothKinds(clusters, ports), () => group.stop())),
        strike: async () => group.servers[0]?.kill(),
      }
    },
  },
]
