import { setTimeout as sleep } from 'node:timers/promises'
import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { createSessions, errorCodes, type HeaderChange, type RequestView, SessionError } from 'sojourn'
import { redisBus } from 'sojourn/buses/redis'
import { nearCache } from 'sojourn/stores/near-cache'
import { redisStore } from 'sojourn/stores/redis'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'
import { afterAll, describe, expect, test } from 'vitest'
import type { Store } from '../../src/core/contracts/store.ts'
import { testCases } from '../support/run-cases.ts'
import { dump, setText, startRedis } from '../support/servers/redis.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { anId } from './records.ts'

/** Everything around a real server, in the order that docs/stores/near-cache.md has it. */
describe('write-behind around near cache around resilient store around Redis', async () => {
  let server = await startRedis()
  afterAll(() => server.stop())

  const prefixes = new WeakMap<Store, string>()

  function newStack(options = {}): Store {
    const { url } = server
    const prefix = `${anId()}:`
    const inner = resilientStore(redisStore({ url, prefix }), options)
    const store = writeBehind(nearCache(inner, { bus: redisBus({ url }) }))
    prefixes.set(store, prefix)
    return store
  }

  testCases('the stack', storeCases, {
    createStore: () => newStack(),
    probe: (store) => dump([server], prefixes.get(store) ?? ''),
    damage: (store, id) => setText([server], (prefixes.get(store) ?? '') + id, '2L later'),
    scans: true,
    without: {
      second: 'other nodes see a change when the message arrives: test/buses',
      reopen: 'each store of these cases has a prefix of its own: test/stores/redis.test.ts',
      sever: 'the outage below',
      sweeps: 'Redis expires by itself',
    },
  })

  test('a random schedule of overlapping requests leaves what a user would expect', async () => {
    const store = newStack()
    await fc.assert(
      overlappingRequests(() => store),
      { numRuns: 50 },
    )
    await store.close()
  }, 60_000)

  describe('an outage', () => {
    function toView(cookie: string | null): RequestView {
      return {
        method: 'GET',
        url: '/',
        secure: true,
        peer: null,
        header: (name) => (name === 'cookie' ? cookie : null),
      }
    }

    const cookieOf = (headers: readonly HeaderChange[]): string =>
      headers.find(({ name }) => name === 'set-cookie')?.value.split(';')[0] ?? ''

    /** Twenty users who read and write all the time, until `isOver`. */
    async function crowd(store: Store, during: () => Promise<void>): Promise<{ failed: unknown[]; backMs: number }> {
      const sessions = createSessions({ store, warn: () => undefined })
      // The store's time limit is short. On a busy machine the first calls, which also connect, may take longer.
      const login = async (_: unknown, index: number): Promise<string> => {
        try {
          const { session, commit } = await sessions.open(toView(null))
          await session.login(`user ${index}`)
          return cookieOf(await commit())
        } catch {
          await sleep(100)
          return login(_, index)
        }
      }
      const cookies = await Promise.all(Array.from({ length: 20 }, login))
      const failed: unknown[] = []
      let isOver = false
      let okAt = 0
      const visit = async (cookie: string): Promise<void> => {
        while (!isOver) {
          try {
            const { session, commit } = await sessions.open(toView(cookie))
            expect(session.userId, 'never a silent anonymous one').not.toBeNull()
            await session.update('n', (n) => Number(n ?? 0) + 1)
            await commit()
            okAt = performance.now()
          } catch (error) {
            failed.push(error)
          }
          await sleep(5)
        }
      }
      const visits = cookies.map(visit)
      await during()
      const backAt = performance.now()
      while (okAt < backAt) await sleep(5)
      const backMs = okAt - backAt
      isOver = true
      await Promise.all(visits)
      await sessions.close()
      return { failed, backMs }
    }

    function expectTyped(failed: readonly unknown[]): void {
      const codes = failed.map((error) => (error instanceof SessionError ? error.code : String(error)))
      expect(codes.filter((code) => errorCodes[code as 'ERR_STORE']?.[0] !== 503)).toEqual([])
      expect(new Set(codes)).toContain('ERR_STORE_UNAVAILABLE')
    }

    test('a paused server: typed errors, nearly all at once, and recovery without a restart', async () => {
      const { failed, backMs } = await crowd(newStack({ timeout: '500ms' }), async () => {
        await sleep(300)
        server.pause()
        await sleep(2500)
        server.resume()
      })
      expectTyped(failed)
      expect(backMs, 'five seconds, on a machine that is not busy').toBeLessThan(10_000)
    }, 60_000)

    test('a server that is killed and restarts empty: old tokens open nothing, and new logins work', async () => {
      const { url, port } = server
      const store = resilientStore(redisStore({ url }))
      const cache = nearCache(store, { bus: redisBus({ url }) })
      const sessions = createSessions({ store: cache, warn: () => undefined })
      const enter = async (): Promise<string> => {
        const { session, commit } = await sessions.open(toView(null))
        await session.login('ada')
        return cookieOf(await commit())
      }
      const cookie = await enter()
      expect((await sessions.open(toView(cookie))).session.userId).toBe('ada')
      await server.kill()
      await sleep(100)
      await expect((async () => sessions.open(toView(cookie)))()).rejects.toMatchObject({ status: 503 })
      server = await startRedis([], port)
      let userId: string | null = 'unknown'
      for (const began = performance.now(); userId !== null && performance.now() - began < 15_000; await sleep(20)) {
        userId = await (async () => (await sessions.open(toView(cookie))).session.userId)().catch(() => 'unknown')
      }
      expect(userId).toBeNull()
      expect((await sessions.open(toView(await enter()))).session.userId).toBe('ada')
      await sessions.close()
    }, 60_000)
  })
})
