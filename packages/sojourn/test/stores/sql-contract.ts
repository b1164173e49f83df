import { type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { SqlStore } from '../../src/stores/sql/sql-store.ts'
import { testCases } from '../support/run-cases.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { aRecord, aTombstone } from './records.ts'
import { edits } from './sql-edits.ts'

/** A way to reach a database, and stores over it. */
export interface Connected {
  createStore(table: string): SqlStore
  end(): Promise<unknown>
}

export interface SqlWorld {
  /** The address of the server, behind a proxy. `null`: the database is in this process. */
  port(): number | null
  /** A client, or what a store needs to make its own. */
  connect(port: number): Connected
  /** The rows of the table, read without the store. */
  dump(table: string): Promise<readonly string[]>
  /** One statement, past the store. */
  run(sql: string): Promise<unknown>
}

let tables = 0

/** A name that no other test of this process has. */
export function newTable(): string {
  return `sessions_${process.pid}_${tables++}`
}

/** All that a store promises, on a real server. */
export function testSqlStore(name: string, world: SqlWorld): void {
  const opened: Promise<Link>[] = []
  const homes = new WeakMap<object, { readonly link: Link; readonly table: string }>()

  async function link(): Promise<Link> {
    opened[0] ??= open(world)
    return opened[0]
  }
  async function openAt(table: string): Promise<SqlStore> {
    const current = await link()
    const store = current.connected.createStore(table)
    homes.set(store, { link: current, table })
    return store
  }
  const tableOf = (store: object): string => homes.get(store)?.table ?? ''

  describe(name, () => {
    afterAll(async () => {
      for (const { connected, proxy } of await Promise.all(opened)) {
        await connected.end()
        await proxy?.close()
      }
    })

    const context: StoreContext = {
      createStore: () => openAt(newTable()),
      second: (store) => openAt(tableOf(store)),
      reopen: (store) => openAt(tableOf(store)),
      probe: (store) => world.dump(tableOf(store)),
      damage: async (store, id) =>
        void (await world.run(`UPDATE ${tableOf(store)} SET head = '{"later' WHERE id = '${id}'`)),
      sweeps: true,
      scans: true,
    }
    const sever = (store: object): void => {
      homes.get(store)?.link.proxy?.cut()
      opened.unshift(open(world))
    }
    testCases('contract', storeCases, {
      ...context,
      ...(world.port() === null
        ? { without: { sever: 'it is in this process: there is no connection to lose' } }
        : { sever }),
    })

    test('a stolen copy of the table holds nothing of a session that ended, but its id, the reason and times', async () => {
      const table = newTable()
      const store = await openAt(table)
      await store.setup()
      const record = aRecord({ userId: 'eve-the-user', data: { cart: '"private-value"' } })
      await store.create(record)
      expect((await world.dump(table)).join()).toContain('private-value')
      await store.end(record.id, aTombstone(record))
      const left = (await world.dump(table)).join()
      expect(left).toContain(record.id)
      for (const gone of ['private-value', 'cart', 'eve-the-user', record.head.secret]) expect(left).not.toContain(gone)
    })

    test('a random schedule of overlapping requests leaves what a user would expect', { timeout: 60_000 }, async () => {
      const store = await openAt(newTable())
      await store.setup()
      await fc.assert(
        overlappingRequests(() => store),
        { numRuns: 20 },
      )
    })

    test('one change after another of any keys and texts leaves what a map would hold', {
      timeout: 60_000,
    }, async () => {
      const store = await openAt(newTable())
      await store.setup()
      await fc.assert(edits(store), { numRuns: 100 })
    })

    test('parallel calls give the answers of some order of them', { timeout: 60_000 }, async () => {
      const store = await openAt(newTable())
      await store.setup()
      await fc.assert(
        parallelCalls(() => store),
        { numRuns: 60 },
      )
    })
  })
}

interface Link {
  readonly connected: Connected
  readonly proxy: TcpProxy | null
}

async function open(world: SqlWorld): Promise<Link> {
  const port = world.port()
  const proxy = port === null ? null : await startProxy(port)
  return { connected: world.connect(proxy?.port ?? 0), proxy }
}
