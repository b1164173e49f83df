import type { Store } from 'sojourn'
import { afterAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { type RedisServer, startCluster, startSentinel } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone } from './records.ts'
import { type Connected, clusters, sentinels } from './redis-clients.ts'
import { isLeftOut } from './redis-stores.ts'

/** Visitors at once, over all clients. */
const VISITORS = 200

/** The answers to one visitor: about a session that started, and one that ended. */
interface Told {
  readonly begun: SessionRecord[]
  readonly ended: SessionRecord[]
  readonly errors: unknown[]
}

/** Logs in, edits, logs out every other time, and continues through all failures until it is stopped. */
async function visit(store: Store, told: Told, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    const record = aRecord({ userId: `user ${anId()}` })
    try {
      await store.create(record)
      told.begun.push(record)
      await store.write(record.id, { set: { n: `${turn}` } })
      if (turn % 2 === 0) {
        await store.end(record.id, aTombstone(record))
        told.ended.push(record)
      }
    } catch (error) {
      told.errors.push(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function startVisitors(stores: readonly Store[]): { readonly told: Told; stop(): Promise<void> } {
  const told: Told = { begun: [], ended: [], errors: [] }
  let isOver = false
  const visits = Array.from({ length: VISITORS }, (_, i) => {
    const store = stores[i % stores.length]
    return store === undefined ? undefined : visit(store, told, () => isOver)
  })
  return {
    told,
    async stop() {
      isOver = true
      await Promise.all(visits)
    },
  }
}

/**
 * Until each of them stores a session again. Generous: 5 s are promised of a good machine, but Sentinels that were kept
 * waiting for a processor do nothing for 30 s, on purpose.
 */
async function recovered(stores: readonly Store[]): Promise<void> {
  for (const [index, store] of stores.entries()) {
    // As many as it takes to have met every master of a Cluster.
    await expect
      .poll(
        async () => {
          const records = Array.from({ length: 20 }, () => aRecord({ userId: `user ${anId()}` }))
          const answers = await Promise.allSettled(records.map((record) => store.create(record)))
          return `client ${index}: ${answers.filter((answer) => answer.status === 'fulfilled').length}`
        },
        { timeout: 90_000, interval: 100 },
      )
      .toBe(`client ${index}: 20`)
  }
}

/**
 * Traffic, the death of a master, more traffic. Redis promises nothing for writes that its replica did not have when the
 * master died, so judged is what was ended before a moment at which the replica had everything, and after the recovery.
 */
async function failover(stores: readonly Store[], masters: readonly RedisServer[], victim: RedisServer): Promise<void> {
  const before = startVisitors(stores)
  await expect.poll(() => before.told.ended.length, { timeout: 30_000 }).toBeGreaterThan(200)
  await before.stop()
  expect(before.told.errors).toEqual([])
  for (const master of masters) await replicated(master)

  const during = startVisitors(stores)
  await victim.kill()
  await recovered(stores)
  await during.stop()
  for (const error of during.told.errors) expect(error).toMatchObject({ code: 'ERR_STORE', status: 503 })

  const after = startVisitors(stores)
  await expect.poll(() => after.told.ended.length, { timeout: 30_000 }).toBeGreaterThan(200)
  await after.stop()
  expect(after.told.errors).toEqual([])

  for (const { begun, ended } of [before.told, after.told]) await judge(stores, begun, ended)
}

async function replicated(master: RedisServer): Promise<void> {
  const offsets = async (): Promise<readonly string[]> => {
    const info = String(await master.ask('info', 'replication'))
    return [/master_repl_offset:(\d+)/.exec(info)?.[1] ?? '-', /slave0:.*offset=(\d+)/.exec(info)?.[1] ?? '']
  }
  await expect
    .poll(
      async () => {
        const [mine, theirs] = await offsets()
        return mine === theirs
      },
      { timeout: 10_000, interval: 20 },
    )
    .toBe(true)
}

async function judge(stores: readonly Store[], begun: readonly SessionRecord[], ended: readonly SessionRecord[]) {
  const isEnded = new Set(ended.map(({ id }) => id))
  await Promise.all(
    begun.map(async ({ id, userId }, i) => {
      const store = stores[i % stores.length]
      const kept = await store?.read(id)
      expect(kept?.kind, 'what was acknowledged').toBe(isEnded.has(id) ? 'ended' : 'live')
      const listed = (await store?.list(userId ?? ''))?.map((record) => record.id)
      expect(listed, 'the list of its user').toEqual(isEnded.has(id) ? [] : [id])
    }),
  )
}

describe.skipIf(isLeftOut)('when a master dies while 200 visitors log in, edit and log out', async () => {
  if (isLeftOut) return
  const endings: (() => unknown)[] = []
  afterAll(async () => {
    for (const end of endings.reverse()) await end()
  })

  function storesOf(connections: readonly Connected[]): Store[] {
    return connections.map(({ client, close }) => {
      endings.push(close)
      return redisStore({ client })
    })
  }

  test('Sentinel: no ended session is open, errors are typed, and all clients continue', async () => {
    const group = await startSentinel()
    endings.push(group.stop)
    const stores = storesOf(await Promise.all(Object.values(sentinels).map((connect) => connect(group))))
    const master = group.servers[0] as RedisServer
    await failover(stores, [master], master)
  }, 240_000)

  test('Cluster: no ended session is open, errors are typed, and all clients continue', async () => {
    const { servers, stop } = await startCluster({ replicas: true })
    endings.push(stop)
    const ports = servers.map(({ port }) => port)
    const stores = storesOf(await Promise.all(Object.values(clusters).map((connect) => connect(ports))))
    const masters = servers.slice(0, 3)
    await failover(stores, masters, masters[1] as RedisServer)
  }, 240_000)
})
