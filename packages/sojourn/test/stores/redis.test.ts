import { afterAll } from 'vitest'
import { startProxy } from '../support/servers/proxy.ts'
import { startRedis } from '../support/servers/redis.ts'
import { type Connect, oneServer } from './redis-clients.ts'
import { isLeftOut, testRedisStores } from './redis-stores.ts'

const server = isLeftOut ? null : await startRedis()
const proxy = server === null ? null : await startProxy(server.port)
afterAll(async () => {
  await proxy?.stop()
  await server?.stop()
})

function testOn(name: string, connect: Connect | null): void {
  testRedisStores(name, async () => {
    if (server === null || proxy === null) throw new Error('left out')
    return {
      connect: async () => (connect === null ? null : connect([proxy.port])),
      url: `redis://127.0.0.1:${proxy.port}`,
      servers: [server],
      sever: proxy.refuse,
      heal: proxy.heal,
    }
  })
}

for (const [name, connect] of Object.entries(oneServer)) testOn(name, connect)
testOn('a URL', null)
