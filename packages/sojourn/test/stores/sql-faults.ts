import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { SqlStore } from '../../src/stores/sql/sql-store.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { aRecord, aTombstone } from './records.ts'
import { type Connected, newTable } from './sql-contract.ts'

/** A server that this file may kill. */
interface Victim {
  readonly port: number
  kill(): Promise<void>
  restart(): Promise<void>
  pause(): void
  resume(): void
}

export interface FaultWorld {
  readonly server: Victim
  connect(port: number): Connected
}

const TYPED = { name: 'SessionError', code: 'ERR_STORE', status: 503 }

/** Sessions begin, change and end without a pause; what was acknowledged is written down. */
function startTraffic(store: SqlStore): {
  readonly errors: unknown[]
  stop(): Promise<Map<string, SessionRecord | null>>
} {
  const kept = new Map<string, SessionRecord | null>()
  const errors: unknown[] = []
  let isDone = false

  async function visit(index: number): Promise<void> {
    const record = aRecord({ userId: 'ada', data: { n: '0' } })
    if (!(await store.create(record))) throw new Error('an id was taken')
    const written = await store.write(record.id, { set: { n: '1' } })
    if (written.status !== 'written') throw new Error(`a live session is ${written.status}`)
    kept.set(record.id, { ...record, data: { n: '1' } })
    if (index % 2 === 0) return
    kept.delete(record.id)
    await store.end(record.id, aTombstone(record))
    kept.set(record.id, null)
  }
  const visitor = async (): Promise<void> => {
    for (let index = 0; !isDone; index++) {
      await visit(index).catch((error: unknown) => errors.push(error))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  const visitors = Array.from({ length: 8 }, visitor)
  return {
    errors,
    async stop() {
      isDone = true
      await Promise.all(visitors)
      return kept
    },
  }
}

/** The answer, or the error. */
async function settled(answer: unknown): Promise<unknown> {
  return Promise.resolve(answer).catch((error: unknown) => error)
}

/** How long until the store answers again. */
async function recovered(store: SqlStore): Promise<number> {
  const start = Date.now()
  for (;;) {
    const isBack = await settled(store.create(aRecord()))
    if (isBack === true) return Date.now() - start
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Until each connection of the pool has found out that its server was another. */
async function allBack(store: SqlStore): Promise<void> {
  for (;;) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => settled(store.read(aRecord().id))))
    if (answers.every((answer) => answer === null)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The behavior of a store when its server fails. */
export function testSqlFaults(name: string, { server, connect }: FaultWorld): void {
  describe(name, () => {
    const table = newTable()
    let proxy: TcpProxy
    let links: Connected[]
    let store: SqlStore
    /** Through a proxy. */
    let distant: SqlStore
    beforeAll(async () => {
      proxy = await startProxy(server.port)
      links = [server.port, proxy.port].map(connect)
      ;[store, distant] = links.map((link) => link.createStore(table)) as [SqlStore, SqlStore]
      await store.setup()
    })
    afterAll(async () => {
      await Promise.all(links.map((link) => link.end()))
      await proxy.close()
    })

    test('a server killed under traffic: typed errors only, nothing acknowledged is lost, no ended session lives, and the pool recovers', async () => {
      const traffic = startTraffic(store)
      await new Promise((resolve) => setTimeout(resolve, 200))
      await server.kill()
      expect(await settled(store.read(aRecord().id))).toMatchObject(TYPED)
      await server.restart()
      expect(await recovered(store)).toBeLessThan(5000)
      const kept = await traffic.stop()
      await allBack(store)
      for (const error of traffic.errors) expect(error).toMatchObject(TYPED)
      expect(kept.size).toBeGreaterThan(8)
      for (const [id, record] of kept) {
        const found = await store.read(id as SessionRecord['id'])
        if (record === null) expect(found).toMatchObject({ kind: 'ended' })
        else expect(found).toEqual(record)
      }
      await allBack(distant)
    }, 60_000)

    test('a paused server answers when it resumes, each call once', async () => {
      const record = aRecord()
      await store.create(record)
      server.pause()
      // The signal takes a moment to reach every thread.
      await new Promise((resolve) => setTimeout(resolve, 50))
      const ends = Promise.all(Array.from({ length: 4 }, () => store.end(record.id, aTombstone(record))))
      const isSettled = await Promise.race([
        ends.then(() => true),
        new Promise((resolve) => setTimeout(resolve, 200, false)),
      ])
      server.resume()
      expect(isSettled).toBe(false)
      expect((await ends).filter((found) => found !== null)).toEqual([record])
    }, 30_000)

    test('a connection that is cut in the middle of a reply rejects that call, which was done whole or not at all', async () => {
      for (const bytes of [0, 1, 7, 20]) {
        const record = aRecord({ data: { n: '0' } })
        await store.create(record)
        // Until all connections are open: the reply that is cut shall be to the write, not to a greeting.
        await Promise.all(Array.from({ length: 30 }, () => distant.read(record.id)))
        proxy.cutNextReplyAfter(bytes)
        const answer = await settled(distant.write(record.id, { set: { n: '1', m: '1' } }))
        await recovered(distant)
        const found = await store.read(record.id)
        const next = { ...record, data: { n: '1', m: '1' } }
        // Cut so late, the answer may have come through already.
        if (bytes < 10) expect(answer).toMatchObject(TYPED)
        expect(answer instanceof Error ? [record, next] : [next]).toContainEqual(found)
      }
    }, 30_000)

    test('connections that are cut while sessions end: each ended or lives whole', async () => {
      const records = Array.from({ length: 20 }, () => aRecord({ userId: 'grace', data: { n: '0' } }))
      await Promise.all(records.map((record) => store.create(record)))
      const ends = records.map((record) => distant.end(record.id, aTombstone(record)))
      await settled(ends[0])
      proxy.cut()
      const answers = await Promise.allSettled(ends)
      await proxy.mend()
      await recovered(distant)
      for (const [index, record] of records.entries()) {
        const found = await store.read(record.id)
        if (answers[index]?.status === 'fulfilled') expect(found).toEqual(aTombstone(record))
        else expect([record, aTombstone(record)]).toContainEqual(found)
      }
    }, 30_000)

    test('a table made by several processes at once is there, once', async () => {
      for (let round = 0; round < 5; round++) {
        const shared = newTable()
        const others = Array.from({ length: 6 }, () => connect(server.port))
        const stores = others.map((other) => other.createStore(shared))
        await Promise.all(stores.map((each) => each.setup()))
        expect(await stores[0]?.create(aRecord())).toBe(true)
        await Promise.all(others.map((other) => other.end()))
      }
    }, 30_000)

    test('without its table each call says what to run', async () => {
      const other = (links[0] as Connected).createStore(newTable())
      const says = {
        ...TYPED,
        message: expect.stringMatching(/Run store\.setup\(\), or your migration from sojourn\/schema\/\w+\.sql/),
      }
      await expect(other.read(aRecord().id)).rejects.toMatchObject(says)
      await expect(other.create(aRecord())).rejects.toMatchObject(says)
      await expect(other.list('ada')).rejects.toMatchObject(says)
      await expect(other.sweep(0, 1)).rejects.toMatchObject(says)
    })
  })
}

/** Holds the row of this id, as another transaction would; then runs this SQL on it and commits. */
export type Holder = (table: string, id: string) => Promise<{ finish(set: string): Promise<void> }>

/** The results of calls that wait for another transaction. The test makes them meet, so nothing depends on timing. */
export function testWaiting(name: string, open: (table: string) => SqlStore, hold: Holder): void {
  describe(name, () => {
    async function meet<T>(
      call: (store: SqlStore, record: SessionRecord) => T | Promise<T>,
      set: string,
    ): Promise<{ answer: T; record: SessionRecord; left: unknown }> {
      const table = newTable()
      const store = open(table)
      await store.setup()
      const record = aRecord({ userId: 'ada', data: { a: '1' } })
      await store.create(record)
      const { finish } = await hold(table, record.id)
      const answer = Promise.resolve(call(store, record))
      await new Promise((resolve) => setTimeout(resolve, 100))
      await finish(set)
      return { answer: await answer, record, left: await store.read(record.id) }
    }
    const ending = `ended_at = 5, head = '"revoked"', data = NULL, user_id = NULL`
    const editing = `data = '{"a":"2","b":"3"}', last_seen_at = last_seen_at + 1`

    test('an end that waited for a write has what that wrote', async () => {
      const { answer, record, left } = await meet((store, given) => store.end(given.id, aTombstone(given)), editing)
      expect(answer).toEqual({ ...record, lastSeenAt: record.lastSeenAt + 1, data: { a: '2', b: '3' } })
      expect(left).toMatchObject({ kind: 'ended', reason: 'logout' })
    })

    test('an end that waited for another end gets nothing, and keeps the tombstone of the other', async () => {
      const { answer, left } = await meet((store, record) => store.end(record.id, aTombstone(record)), ending)
      expect(answer).toBeNull()
      expect(left).toMatchObject({ kind: 'ended', reason: 'revoked', endedAt: 5 })
    })

    test('a save that waited for a logout brings nothing back', async () => {
      const { answer, left } = await meet((store, { id }) => store.write(id, { set: { a: '9' } }), ending)
      expect(answer).toMatchObject({ status: 'gone', tombstone: { reason: 'revoked' } })
      expect(left).toMatchObject({ kind: 'ended' })
    })

    test('an update that waited for another one conflicts with it', async () => {
      const change = { set: { a: '9' }, expect: { key: 'a', text: '1' } }
      const { answer, left } = await meet((store, { id }) => store.write(id, change), editing)
      expect(answer).toMatchObject({ status: 'conflict', record: { data: { a: '2', b: '3' } } })
      expect(left).toMatchObject({ data: { a: '2', b: '3' } })
    })
  })
}
