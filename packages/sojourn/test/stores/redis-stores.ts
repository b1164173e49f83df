import type { StoreContext } from '@sojourn/conformance'
import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import type { Store } from 'sojourn'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { without } from '../../../../tools/servers.mjs'
import { redisStore } from '../../src/stores/redis.ts'
import { testCases } from '../support/run-cases.ts'
import { dump, type RedisServer, setText } from '../support/servers/redis.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { anId } from './records.ts'
import type { Connected } from './redis-clients.ts'

/** Whether the user chose to do without a Redis server. */
export const isLeftOut: boolean = without().includes('redis-server')

/** How a suite gets its stores. */
export interface Bench {
  /** A connection of its own for each store; `null`: the store makes its own. */
  connect(): Promise<Connected | null>
  readonly url?: string
  /** Where the data is, past everything in between. */
  readonly servers: readonly Pick<RedisServer, 'port'>[]
  /** Takes the server away from all stores; without it, their clients are closed under them. */
  sever?(): void
  /** Gives it back. */
  heal?(): void
}

interface Opened {
  readonly prefix: string
  readonly connected: Connected | null
}

/** Every case and every random schedule, on stores that share a server and differ by their prefix. */
export function testRedisStores(name: string, start: () => Promise<Bench>, isSkipped: boolean = isLeftOut): void {
  describe.skipIf(isSkipped)(name, async () => {
    if (isSkipped) return
    const bench = await start()
    const opened = new Map<Store, Opened>()

    async function open(prefix: string): Promise<Store> {
      bench.heal?.()
      const connected = await bench.connect()
      const store = redisStore(
        connected === null ? { url: bench.url ?? '', prefix } : { client: connected.client, prefix },
      )
      opened.set(store, { prefix, connected })
      return store
    }

    const prefixOf = (store: Store): string => opened.get(store)?.prefix ?? ''

    async function closeAll(): Promise<void> {
      for (const [store, { connected }] of opened) {
        await store.close()
        await connected?.close()
      }
      opened.clear()
    }
    afterAll(closeAll)

    testCases('the cases', storeCases, {
      async createStore() {
        await closeAll()
        return open(`test-${anId()}:`)
      },
      second: (store) => open(prefixOf(store)),
      reopen: (store) => open(prefixOf(store)),
      probe: (store) => dump(bench.servers, prefixOf(store)),
      async sever(store) {
        if (bench.sever !== undefined) bench.sever()
        else await opened.get(store)?.connected?.close()
      },
      damage: (store, id) => setText(bench.servers, prefixOf(store) + id, '2L later'),
      scans: true,
      without: { sweeps: 'the server deletes what expired' },
    } satisfies StoreContext)

    describe('random schedules', () => {
      let connected: Connected | null = null
      let store: Store | null = null
      beforeAll(async () => {
        bench.heal?.()
        connected = await bench.connect()
      })
      afterAll(async () => {
        await store?.close()
        await connected?.close()
      })

      /** Empty each time: what expires by itself cannot be swept away before the next run. */
      function next(): Store {
        void store?.close()
        const options = connected === null ? { url: bench.url ?? '' } : { client: connected.client }
        store = redisStore({ ...options, prefix: `test-${anId()}:` })
        return store
      }

      test('parallel calls give the answers of some order of them', async () => {
        await fc.assert(parallelCalls(next), { numRuns: 50 })
      }, 60_000)

      test('overlapping requests of one browser leave what a user would expect', async () => {
        await fc.assert(overlappingRequests(next), { numRuns: 25 })
      }, 60_000)
    })
  })
}
