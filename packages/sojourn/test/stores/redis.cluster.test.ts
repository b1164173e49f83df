import { afterAll, describe } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { startCluster } from '../support/servers/redis.ts'
import { testEndAll } from './end-all-cases.ts'
import { type Connected, clusters } from './redis-clients.ts'
import { isLeftOut, testRedisStores } from './redis-stores.ts'

const cluster = isLeftOut ? null : await startCluster()
afterAll(() => cluster?.stop())

for (const [name, connect] of Object.entries(clusters)) {
  testRedisStores(`a Cluster of three, ${name}`, async () => {
    const servers = cluster?.servers ?? []
    return { connect: () => connect(servers.map(({ port }) => port)), servers }
  })
}

/** The marker of `endAll` is on one node, and the sessions are on all of them. */
describe.skipIf(isLeftOut).each(Object.entries(clusters))('%s', (name, connect) => {
  const open: Connected[] = []
  afterAll(() => {
    for (const { close } of open) close()
  })
  testEndAll(`a Cluster of three, ${name}`, async () => {
    const ports = cluster?.servers.map(({ port }) => port) ?? []
    const [one, two] = [await connect(ports), await connect(ports)]
    open.push(one, two)
    const prefix = `end-all-${name}:`
    return [redisStore({ client: one.client, prefix }), redisStore({ client: two.client, prefix })]
  })
})
