
import { type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'

import mysql from 'mysql2'
import mysqlp from 'mysql2/promise'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Store } from '../../src/core/store.ts'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { testCases } from '../support/run-cases.ts'
import { type MariadbServer, startMariadb } from '../support/servers/mariadb.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'

let server: MariadbServer
beforeAll(async () => {
  server = await startMariadb()
}, 60_000)
afterAll(() => server.stop())

let count = 0
const tables = new WeakMap<object, string>()

/** A kind of client: how to open one, and how to let go of it. */
interface Kind {
  open(): { client: any; end(): Promise<unknown> }
}

const kinds: Record<string, Kind> = {
  promise: {
    open() {
      const client = mysqlp.createPool({ uri: server.url })
      return { client, end: () => client.end() }
    },
  },
  callback: {
    open() {
      const client = mysql.createPool({ uri: server.url, charset: 'latin1', flags: ['-FOUND_ROWS'] })
      return { client, end: () => client.promise().end() }
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
      const store = mysqlStore({ client: opened.client, table })
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

