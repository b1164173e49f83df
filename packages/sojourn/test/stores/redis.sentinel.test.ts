import { createSentinel } from 'redis'
import { afterAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../src/stores/redis.ts'
import { startProxy } from '../support/servers/proxy.ts'
import { startSentinel } from '../support/servers/redis.ts'
import { testEndAll } from './end-all-cases.ts'
import { aRecord } from './records.ts'
import { type Connected, sentinels } from './redis-clients.ts'
import { isLeftOut, testRedisStores } from './redis-stores.ts'

const group = isLeftOut ? null : await startSentinel()
afterAll(() => group?.stop())

for (const [name, connect] of Object.entries(sentinels)) {
  testRedisStores(`behind Sentinel, ${name}`, async () => {
    if (group === null) throw new Error('left out')
    return { connect: () => connect(group), servers: group.servers.slice(0, 1) }
  })
}

describe.skipIf(isLeftOut)('node-redis behind Sentinel, which sends again by itself', () => {
  test('an update that was cut off is not counted twice: it is refused, and was done once', async () => {
    if (group === null) throw new Error('left out')
    const port = Number(group.servers[0]?.port)
    const proxy = await startProxy(port)
    const client = createSentinel({
      name: group.name,
      sentinelRootNodes: [...group.sentinels],
      nodeAddressMap: { [`127.0.0.1:${port}`]: { host: '127.0.0.1', port: proxy.port } },
    })
    client.on('error', () => undefined)
    const store = redisStore({ client: await client.connect() })
    const record = aRecord({ data: { n: '0' } })
    await store.create(record)
    await store.write(record.id, { set: { warm: '1' } })
    proxy.cutReplies()
    const change = { set: { n: '1' }, expect: { key: 'n', text: '0' } }
    await expect(store.write(record.id, change)).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await store.read(record.id)).toMatchObject({ data: { n: '1' } })
    client.destroy()
    await proxy.stop()
  }, 60_000)
})

describe.skipIf(isLeftOut).each(Object.entries(sentinels))('%s', (name, connect) => {
  const open: Connected[] = []
  afterAll(() => {
    for (const { close } of open) close()
  })
  testEndAll(`Redis behind Sentinel, ${name}`, async () => {
    if (group === null) throw new Error('left out')
    const [one, two] = [await connect(group), await connect(group)]
    open.push(one, two)
    const prefix = `end-all-${name}:`
    return [redisStore({ client: one.client, prefix }), redisStore({ client: two.client, prefix })]
  })
})
