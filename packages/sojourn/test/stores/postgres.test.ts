import { PGlite } from '@electric-sql/pglite'
import { type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import pg from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { type PostgresClient, postgresStore } from '../../src/stores/postgres.ts'
import { testCases } from '../support/run-cases.ts'
import { type PostgresServer, startPostgres } from '../support/servers/postgres.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

let count = 0
const tables = new WeakMap<object, string>()

/** A kind of client: how to open one, and how to let go of it. */
interface Kind {
  open(): { client: PostgresClient; end(): Promise<unknown> }
}

const kinds: Record<string, Kind> = {
  'pg Pool': {
    open() {
      const client = new pg.Pool({ connectionString: server.url })
      client.on('error', () => undefined)
      return { client, end: () => client.end() }
    },
  },
  'postgres.js': {
    open() {
      const client = postgres(server.url, { onnotice: () => undefined })
      return { client, end: () => client.end() }
    },
  },
}

for (const [name, kind] of Object.entries(kinds)) {
  describe(name, () => {
    const ends: (() => Promise<unknown>)[] = []
    const clients = new WeakMap<object, ReturnType<Kind['open']>>()
    let shared: ReturnType<Kind['open']> | undefined
    afterAll(() => Promise.all(ends.map((end) => end())))

    function openAt(table: string, opened: ReturnType<Kind['open']>): Store {
      const store = postgresStore({ client: opened.client, table })
      tables.set(store, table)
      clients.set(store, opened)
      return store
    }
    function sharedClient(): ReturnType<Kind['open']> {
      if (shared === undefined) {
        shared = kind.open()
        ends.push(shared.end)
      }
      return shared
    }

    testCases(name, storeCases, {
      createStore: () => openAt(`t${count++}`, sharedClient()),
      second: (store) => openAt(tables.get(store) ?? '', sharedClient()),
      reopen: (store) => openAt(tables.get(store) ?? '', sharedClient()),
      sweeps: true,
      without: { sever: 'x', probe: 'y' },
    } satisfies StoreContext)

    test('random', { timeout: 60_000 }, async () => {
      const store = openAt(`t${count++}`, sharedClient())
      await store.setup?.()
      await fc.assert(overlappingRequests(() => store), { numRuns: 20 })
      await fc.assert(parallelCalls(() => store), { numRuns: 50 })
    })
  })
}
void PGlite
