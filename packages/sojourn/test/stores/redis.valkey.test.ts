import { afterAll } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { startProxy } from '../support/servers/proxy.ts'
import { startCluster, startRedis } from '../support/servers/redis.ts'
import { clusters, oneServer } from './redis-clients.ts'
import { testRedisStores } from './redis-stores.ts'

const isLeftOut = without().includes('valkey-server')
const server = isLeftOut ? null : await startRedis([], undefined, 'valkey-server')
const proxy = server === null ? null : await startProxy(server.port)
const cluster = isLeftOut ? null : await startCluster({ program: 'valkey-server' })
afterAll(async () => {
  await proxy?.stop()
  await server?.stop()
  await cluster?.stop()
})

for (const [name, connect] of [...Object.entries(oneServer), ['a URL', null] as const]) {
  testRedisStores(
    `Valkey, ${name}`,
    async () => {
      if (server === null || proxy === null) throw new Error('left out')
      return {
        connect: async () => (connect === null ? null : connect([proxy.port])),
        url: `redis://127.0.0.1:${proxy.port}`,
        servers: [server],
        sever: proxy.refuse,
        heal: proxy.heal,
      }
    },
    isLeftOut,
  )
}

testRedisStores(
  'a Cluster of Valkey, iovalkey',
  async () => {
    const servers = cluster?.servers ?? []
    return { connect: () => clusters.iovalkey(servers.map(({ port }) => port)), servers }
  },
  isLeftOut,
)
