import { join } from 'node:path'
import { Cluster, Redis } from 'ioredis'
import type { ScanPage, SessionId, Store } from 'sojourn'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../src/stores/around/migrate.ts'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { newFolder } from '../support/servers/program.ts'
import { type RedisGroup, type RedisServer, startCluster, startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone, NOW } from './records.ts'
import { isLeftOut } from './redis-stores.ts'

/** Every third has ended. */
async function fill(store: Store, count: number): Promise<Set<SessionId>> {
  const records = Array.from({ length: count }, (_, i) => aRecord({ userId: `user ${i % 7}`, data: { n: `${i}` } }))
  await Promise.all(records.map((record) => store.create(record)))
  await Promise.all(records.filter((_, i) => i % 3 === 0).map((record) => store.end(record.id, aTombstone(record))))
  return new Set(records.map(({ id }) => id))
}

/** The ids, and after each page that is not the last the cursor goes to `between`, which may go on with another store. */
async function scanAll(
  store: Store,
  limit: number,
  between: (cursor: string) => Store | Promise<Store> = () => store,
): Promise<{ ids: Set<string>; pages: number }> {
  const ids = new Set<string>()
  let [from, cursor]: [Store, string | null] = [store, null]
  for (let pages = 1; pages < 1000; pages++) {
    const page: ScanPage | undefined = await from.scan?.(cursor, limit)
    for (const { id } of page?.values ?? []) ids.add(id)
    cursor = page?.next ?? null
    if (cursor === null) return { ids, pages }
    from = await between(cursor)
  }
  throw new Error('The scan does not end.')
}

const PREFIXES = ['s*:', 's?:', 's[a-z]:', 's\\:', 's\\*[', '{s}:', 's{:', 's{}{x}:', 's{s*}:', 's%d.-:', '▲:']

describe.skipIf(isLeftOut)('a scan of one server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  test.each(PREFIXES)('with the prefix %j gives what is under it, and nothing of others', async (prefix) => {
    await server.ask('flushall')
    const store = redisStore({ url: server.url, prefix })
    const ids = await fill(store, 30)
    for (const other of ['sb:', 'sbb:', 's:', 'ss:', '▼:']) {
      if (prefix !== other) await server.ask('set', `${other}${anId()}`, 'not a record')
    }
    expect((await scanAll(store, 10)).ids).toEqual(ids)
    await store.close()
  })

  test('gives what a client with a prefix of its own keeps', async () => {
    const client = new Redis({ port: server.port, keyPrefix: 'app*:' })
    const store = redisStore({ client })
    const ids = await fill(store, 30)
    await server.ask('set', `apple:sojourn:${anId()}`, 'not a record')
    expect((await scanAll(store, 10)).ids).toEqual(ids)
    client.disconnect()
  })

  test('does not make a page for each few of the keys of others', async () => {
    const fillers = Array.from({ length: 5000 }, (_, i) => [`other:${i}`, ''])
    await server.ask('mset', ...fillers.flat())
    const store = redisStore({ url: server.url, prefix: 'few:' })
    const ids = await fill(store, 3)
    const all = await scanAll(store, 1)
    expect(all.ids).toEqual(ids)
    expect(all.pages).toBeLessThan(20)
    await store.close()
  })

  test('misses nothing when another server takes over in the middle, in which the cursor means other keys', async () => {
    await server.ask('flushall')
    const replica = await startRedis(['--replicaof', '127.0.0.1', String(server.port)])
    const [store, promoted] = [redisStore({ url: server.url }), redisStore({ url: replica.url })]
    const ids = await fill(store, 300)
    await server.ask('wait', '1', '20000')
    let pages = 0
    expect((await scanAll(store, 20, () => (++pages > 6 ? promoted : store))).ids).toEqual(ids)
    await Promise.all([store.close(), promoted.close()])
    await replica.stop()
  })

  test('feeds a migration to another store, and the way back', async () => {
    await server.ask('flushall')
    const store = redisStore({ url: server.url })
    const back = redisStore({ url: server.url, prefix: 'back:' })
    const lmdb = lmdbStore({ path: join(await newFolder('moved'), 'store') })
    const ids = [...(await fill(store, 100))]
    const kept = await Promise.all(ids.map((id) => store.read(id)))
    for (const [from, to] of [[store, lmdb] as const, [lmdb, back] as const]) {
      await to.setup?.()
      const progress = await migrate(from, to, { clock: () => NOW, pageSize: 9 })
      expect(progress).toMatchObject({ isDone: true, moved: 66, ended: 34 })
      expect(await Promise.all(ids.map((id) => to.read(id)))).toEqual(kept)
      expect(await migrate(from, to, { clock: () => NOW })).toMatchObject({ moved: 0, ended: 0 })
    }
    const lists = await Promise.all(Array.from({ length: 7 }, (_, i) => back.list(`user ${i}`)))
    expect(lists.flat()).toHaveLength(66)
    await Promise.all([store.close(), back.close(), lmdb.close()])
  })
})

describe.skipIf(isLeftOut)('a scan of a Cluster', () => {
  let group: RedisGroup
  let client: Cluster
  beforeAll(async () => {
    group = await startCluster()
    client = new Cluster(group.servers.map(({ port }) => ({ host: '127.0.0.1', port })))
    client.on('error', () => undefined)
  })
  afterAll(async () => {
    client?.disconnect()
    await group?.stop()
  })

  test.each(PREFIXES.filter((prefix) => prefix !== ''))(
    'with the prefix %j gives all of every node',
    async (prefix) => {
      const store = redisStore({ client, prefix: `all ${prefix}` })
      const ids = await fill(store, 60)
      expect((await scanAll(store, 10)).ids).toEqual(ids)
    },
  )

  test('gives what a client with a prefix of its own keeps', async () => {
    const nodes = group.servers.map(({ port }) => ({ host: '127.0.0.1', port }))
    const own = new Cluster(nodes, { keyPrefix: 'app{:' })
    const store = redisStore({ client: own })
    const ids = await fill(store, 60)
    expect((await scanAll(store, 10)).ids).toEqual(ids)
    own.disconnect()
  })

  test('misses nothing when slots go to a node that was scanned already', async () => {
    const prefix = 'moved:'
    const store = redisStore({ client, prefix })
    const ids = await fill(store, 40)
    const toNode = (cursor: string): string => cursor.split('.')[0] ?? ''
    const visited: string[] = []
    let isMoved = false
    const all = await scanAll(store, 5, async (cursor) => {
      if (visited.at(-1) !== toNode(cursor)) visited.push(toNode(cursor))
      if (visited.length === 2 && !isMoved) {
        isMoved = true
        const scanned = await ownerOf(group, `${prefix}@${visited[0]}`)
        for (const id of ids) await moveSlot(group, prefix + id, scanned)
      }
      return store
    })
    expect(isMoved).toBe(true)
    expect(all.ids).toEqual(ids)
    await store.close()
  }, 60_000)
})

async function ownerOf({ servers }: RedisGroup, key: string): Promise<RedisServer> {
  for (const server of servers) {
    const isHere = await server.ask('get', key).then(
      () => true,
      () => false,
    )
    if (isHere) return server
  }
  throw new Error('no owner')
}

/** As redis-cli does it. */
async function moveSlot(group: RedisGroup, key: string, to: RedisServer): Promise<void> {
  const from = await ownerOf(group, key)
  if (from === to) return
  const slot = String(await to.ask('cluster', 'keyslot', key))
  const [fromId, toId] = [String(await from.ask('cluster', 'myid')), String(await to.ask('cluster', 'myid'))]
  await to.ask('cluster', 'setslot', slot, 'importing', fromId)
  await from.ask('cluster', 'setslot', slot, 'migrating', toId)
  const keys = (await from.ask('cluster', 'getkeysinslot', slot, '1000')) as string[]
  await from.ask('migrate', '127.0.0.1', String(to.port), '', '0', '20000', 'KEYS', ...keys)
  for (const server of [to, from, ...group.servers]) await server.ask('cluster', 'setslot', slot, 'node', toId)
}
