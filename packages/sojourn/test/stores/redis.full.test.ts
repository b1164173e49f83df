import { createSessions, type Store } from 'sojourn'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { redisStore } from '../../src/stores/redis.ts'
import { createClient, createClock, DAY } from '../core/kit.ts'
import { type RedisProgram, type RedisServer, startCluster, startRedis } from '../support/servers/redis.ts'
import { anId, aRecord, aTombstone, MINUTE, NOW } from './records.ts'
import { type Connect, clusters, oneServer } from './redis-clients.ts'

const PROGRAMS: readonly RedisProgram[] = ['redis-server', 'valkey-server']
const FULL = { code: 'ERR_STORE_FULL', status: 503 }

const setAll = (servers: readonly RedisServer[], name: string, value: string): Promise<unknown> =>
  Promise.all(servers.map((server) => server.ask('config', 'set', name, value)))

describe.each(PROGRAMS.filter((program) => !without().includes(program)))(
  'a full %s under noeviction',
  async (program) => {
    const server = await startRedis([], undefined, program)
    const cluster = await startCluster({ program })
    const endings: (() => unknown)[] = []
    const every = [server, ...cluster.servers]
    afterEach(async () => {
      await setAll(every, 'maxmemory', '0')
      for (const end of endings.splice(0)) await end()
    })
    afterAll(async () => {
      await server.stop()
      await cluster.stop()
    })

    const one = Object.entries(oneServer).map(([name, connect]) => [name, [server], connect] as const)
    const many = Object.entries(clusters).map(
      ([name, connect]) => [`Cluster, ${name}`, cluster.servers, connect] as const,
    )

    describe.each<readonly [string, readonly RedisServer[], Connect]>([...one, ...many])(
      '%s',
      (_, servers, connect) => {
        async function open(): Promise<Store> {
          const { client, close } = await connect(servers.map(({ port }) => port))
          endings.push(close)
          return redisStore({ client, prefix: `test-${anId()}:` })
        }

        /** One byte: whatever there is, is too much. */
        const fill = (): Promise<unknown> => setAll(servers, 'maxmemory', '1')

        async function shop() {
          const store = await open()
          const clock = createClock()
          const sessions = createSessions<{ n?: number }>({ store, clock })
          const visitors = Array.from({ length: 4 }, () => createClient(sessions))
          const ids = await Promise.all(
            visitors.map(
              async (visitor) =>
                (
                  await visitor.send(async (session) => {
                    await session.login('ada')
                    return session.id
                  })
                ).value ?? '',
            ),
          )
          return { store, clock, sessions, visitors, ids: ids as ReturnType<typeof anId>[] }
        }

        test('logout, revoke, revokeAll and erase end sessions, and the tombstone tells of it', async () => {
          const { store, sessions, visitors, ids } = await shop()
          await fill()
          await visitors[0]?.send((session) => session.logout())
          expect(await sessions.revoke(ids[1] ?? '')).toBe(true)
          expect(await sessions.revokeAll('ada')).toBe(2)
          const kept = await Promise.all(ids.map((id) => store.read(id)))
          expect(kept.map((found) => found?.kind === 'ended' && found.reason)).toEqual([
            'logout',
            'revoked',
            'revoked',
            'revoked',
          ])
          for (const visitor of visitors) {
            expect((await visitor.send((session) => session.userId)).value).toBeNull()
          }
        })

        test('erase of a user ends every session', async () => {
          const { sessions, visitors } = await shop()
          await fill()
          expect(await sessions.erase('ada')).toBe(4)
          expect((await visitors[0]?.send((session) => session.userId))?.value).toBeNull()
        })

        test('a save that is in flight while the session ends brings nothing back, then or when there is room again', async () => {
          const store = await open()
          const record = aRecord({ userId: 'ada', data: { n: '0' } })
          await store.create(record)
          await fill()
          expect(await store.end(record.id, aTombstone(record))).toEqual(record)
          const save = () => store.write(record.id, { set: { n: '1' } })
          expect(await save()).toMatchObject({ status: 'gone' })
          await setAll(servers, 'maxmemory', '0')
          expect(await save()).toMatchObject({ status: 'gone' })
          expect(await store.create(record)).toBe(false)
          expect(await store.list('ada')).toEqual([])
        })

        test('a write that needs room is refused as full, and leaves nothing behind', async () => {
          const store = await open()
          const record = aRecord({ userId: 'ada', data: { n: '0' } })
          await store.create(record)
          await fill()
          const late = aRecord({ userId: 'bob' })
          await expect(store.create(late)).rejects.toMatchObject(FULL)
          await expect(store.write(record.id, { set: { n: '1' } })).rejects.toMatchObject(FULL)
          const seen = { at: NOW + MINUTE, expiresAt: NOW + DAY }
          await expect(store.write(record.id, { version: 0, seen })).rejects.toMatchObject(FULL)
          expect(await store.read(record.id)).toEqual(record)
          expect(await store.list('ada')).toEqual([record])
          await expect.poll(async () => store.read(late.id)).toBeNull()
        })

        test.each([
          ['a touch', 0],
          ['a renewal', 2],
        ])('requests that only read go on, though %s is due', async (_, visits) => {
          const {
            clock,
            visitors: [visitor],
          } = await shop()
          for (let visit = 0; visit < visits; visit++) {
            clock.advance(25 * MINUTE)
            await visitor?.send((session) => session.userId)
          }
          await fill()
          for (const ms of [11 * MINUTE, 2 * MINUTE]) {
            clock.advance(ms)
            expect((await visitor?.send((session) => session.userId))?.value).toBe('ada')
          }
        })
      },
    )
  },
)
