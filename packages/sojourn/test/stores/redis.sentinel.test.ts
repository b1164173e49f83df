import { afterAll } from 'vitest'
import { startSentinel } from '../support/servers/redis.ts'
import { sentinels } from './redis-clients.ts'
import { isLeftOut, testRedisStores } from './redis-stores.ts'

const group = isLeftOut ? null : await startSentinel()
afterAll(() => group?.stop())

for (const [name, connect] of Object.entries(sentinels)) {
  testRedisStores(`behind Sentinel, ${name}`, async () => {
    if (group === null) throw new Error('left out')
    return { connect: () => connect(group), servers: group.servers.slice(0, 1) }
  })
}
