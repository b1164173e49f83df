import { afterAll } from 'vitest'
import { startCluster } from '../support/servers/redis.ts'
import { clusters } from './redis-clients.ts'
import { isLeftOut, testRedisStores } from './redis-stores.ts'

const cluster = isLeftOut ? null : await startCluster()
afterAll(() => cluster?.stop())

for (const [name, connect] of Object.entries(clusters)) {
  testRedisStores(`a Cluster of three, ${name}`, async () => {
    const servers = cluster?.servers ?? []
    return { connect: () => connect(servers.map(({ port }) => port)), servers }
  })
}
