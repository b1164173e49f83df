import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Store } from '../../src/core/contracts/store.ts'
import { createSessions, type Exchange, type RequestView, type Sessions } from '../../src/index.ts'
import { type MigrationProgress, migrate, movingStore, progressPrinter } from '../../src/stores/around/migrate.ts'
import { dynamodbStore } from '../../src/stores/dynamodb.ts'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startDynalite } from '../support/servers/dynalite.ts'
import { temporaryFolder } from './lmdb-files.ts'
import { aRecord, aTombstone, MINUTE, NOW } from './records.ts'

const folder = await temporaryFolder()
let count = 0
const newLmdb = (): Store => lmdbStore({ path: join(folder, `store-${count++}`) })
const server = await startDynalite()
afterAll(() => server.stop())
const newDynamodb = (): Store => dynamodbStore({ client: server.client(), table: `migrate-${count++}` })
const clock = (): number => NOW

type Data = Record<string, unknown>
type Value = SessionRecord | Tombstone

/** Users with sessions, visitors, and what ended. */
async function fill(store: Store, howMany: number): Promise<Value[]> {
  await store.setup?.()
  const values: Value[] = []
  for (let index = 0; index < howMany; index++) {
    const userId = index % 3 === 0 ? null : `user-${index % 4}`
    const record = aRecord({ userId, version: index, data: { n: `${index}`, __proto__: '1' } })
    await store.create(record)
    const tombstone = aTombstone(record, { reason: 'revoked' })
    if (index % 5 === 0) await store.end(record.id, tombstone)
    values.push(index % 5 === 0 ? tombstone : record)
  }
  return values
}

async function expectHolds(store: Store, values: readonly Value[]): Promise<void> {
  for (const value of values) expect(await store.read(value.id)).toEqual(value)
  for (const user of ['user-0', 'user-1', 'user-2', 'user-3']) {
    const mine = values.filter((value) => value.kind === 'live' && value.userId === user)
    const listed = await store.list(user)
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(mine.map(({ id }) => id)))
  }
}

describe('migrate', () => {
  test.each([
    ['memory', 'LMDB', memoryStore, newLmdb],
    ['LMDB', 'DynamoDB', newLmdb, newDynamodb],
    ['DynamoDB', 'memory', newDynamodb, memoryStore],
  ] as const)('moves everything from %s to %s, as it is', async (_, __, openFrom, openTo) => {
    const [from, to]: Store[] = [openFrom(), openTo()]
    if (from === undefined || to === undefined) throw new Error('two stores')
    const values = await fill(from, 60)
    await to.setup?.()
    const progress = await migrate(from, to, { clock, pageSize: 7 })
    expect(progress).toMatchObject({ isDone: true, cursor: null, moved: 48, ended: 12 })
    await expectHolds(to, values)
    expect(await migrate(from, to, { clock })).toMatchObject({ moved: 0, ended: 0 })
    await expectHolds(to, values)
    await from.close()
    await to.close()
  })

  test('continues where another run stopped, from its last progress report', async () => {
    const [from, to] = [memoryStore(), memoryStore()]
    const values = await fill(from, 50)
    const signal = { aborted: false }
    let last: MigrationProgress | undefined
    const first = await migrate(from, to, {
      clock,
      pageSize: 10,
      signal,
      onProgress(progress) {
        last = JSON.parse(JSON.stringify(progress))
        signal.aborted = progress.seen === 20
      },
    })
    expect(first).toEqual(last)
    expect(first).toMatchObject({ isDone: false, seen: 20, total: 50 })
    const reads: (string | null)[] = []
    const watched = {
      ...from,
      scan(...args: Parameters<NonNullable<Store['scan']>>) {
        reads.push(args[0])
        return from.scan?.(...args)
      },
    }
    const second = await migrate(watched as Store, to, { clock, ...(last !== undefined && { resume: last }) })
    expect(second).toMatchObject({ isDone: true, moved: 40, ended: 10 })
    expect(reads, 'where the first stopped').toEqual([first.cursor])
    await expectHolds(to, values)
  })

  test('that fails in the middle loses nothing, and another run finishes', async () => {
    const [from, to] = [memoryStore(), memoryStore()]
    const values = await fill(from, 40)
    let creates = 0
    const failing: Store = {
      ...to,
      create(record) {
        if (++creates === 15) throw new Error('connection lost')
        return to.create(record)
      },
    }
    await expect(migrate(from, failing, { clock, pageSize: 5 })).rejects.toThrow('connection lost')
    await expectHolds(movingStore({ from, to }), values)
    await migrate(from, to, { clock })
    await expectHolds(to, values)
  })

  test('leaves behind what has expired', async () => {
    const [from, to] = [memoryStore(), memoryStore()]
    const record = aRecord()
    await from.create(record)
    expect(await migrate(from, to, { clock: () => record.expiresAt })).toMatchObject({ seen: 1, moved: 0 })
    expect(await to.read(record.id)).toBeNull()
  })

  test('refuses a store that cannot enumerate', async () => {
    const { scan: _, ...from } = memoryStore()
    await expect(migrate(from, memoryStore())).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })

  test('shows nobody a live session where one had ended: not even for a moment, nor if it dies in between', async () => {
    const ended = aTombstone(aRecord(), { reason: 'revoked' })
    for (let n = 0, isOver = false; !isOver; n++) {
      const [from, to] = [memoryStore(), memoryStore()]
      await from.create(aRecord({ id: ended.id, userId: 'ada' }))
      await from.end(ended.id, ended)
      let calls = 0
      const dying: Store = {
        ...to,
        create: (record) => (calls++ < n ? to.create(record) : Promise.reject(new Error('died'))),
        end: (id, tombstone) => (calls++ < n ? to.end(id, tombstone) : Promise.reject(new Error('died'))),
      }
      isOver = await migrate(from, dying, { clock }).then(
        () => true,
        () => false,
      )
      for (const moves of [true, false]) {
        const store = movingStore({ from, to, moves })
        expect(await store.read(ended.id)).toEqual(ended)
        expect(await store.write(ended.id, { set: { a: '1' } })).toEqual({ status: 'gone', tombstone: ended })
        expect(await store.create(aRecord({ id: ended.id }))).toBe(false)
      }
      await migrate(from, to, { clock })
      expect(await to.read(ended.id)).toEqual(ended)
    }
  })
})

describe('a move in use', () => {
  const view = (token: string): RequestView => {
    const header = (name: string): string | null => (name === 'cookie' ? `__Host-session=${token}` : null)
    return { method: 'GET', url: '/', secure: true, peer: null, header }
  }
  const tokenOf = async (exchange: Exchange<Data>): Promise<string | null> => {
    const headers = await exchange.commit()
    return (
      headers.map(({ value }) => /^__Host-session=([^;]+)/.exec(value)?.[1] ?? null).find((t) => t !== null) ?? null
    )
  }

  test.each([false, true])('deployment by deployment, logs nobody out (sealed: %s)', async (sealed) => {
    const [from, to] = [newLmdb(), memoryStore()]
    let now = NOW
    const serve = (store: Store): Sessions<Data> =>
      createSessions<Data>({ store, sealed, clock: () => now, warn: () => undefined })
    const [plain, prepared, moving, moved] = [
      serve(from),
      serve(movingStore({ from, to, moves: false })),
      serve(movingStore({ from, to })),
      serve(to),
    ]
    /** Old and new servers beside each other, as a rolling deployment has them. */
    const deployments = [[plain], [plain, prepared], [prepared], [prepared, moving], [moving], [moving, moved], [moved]]
    const users: { token: string; visits: number }[] = []
    for (const [stage, servers] of deployments.entries()) {
      if (stage === 5) await migrate(from, to, { clock: () => now, pageSize: 3 })
      for (let visit = 0; visit < 4; visit++) {
        now += 20 * MINUTE
        const server = servers[visit % servers.length] as Sessions<Data>
        const exchange = await server.open(view(''))
        await exchange.session.login(`user-${users.length}`)
        users.push({ token: (await tokenOf(exchange)) ?? '', visits: 0 })
        for (const [index, user] of users.entries()) {
          const each = await (servers[(visit + index) % servers.length] as Sessions<Data>).open(view(user.token))
          expect(each.session.userId, `user ${index}, stage ${stage}`).toBe(`user-${index}`)
          expect(each.session.data.visits ?? 0).toBe(user.visits)
          await each.session.update('visits', (n) => Number(n ?? 0) + 1)
          each.session.data[`stage ${stage}`] = true
          user.visits++
          user.token = (await tokenOf(each)) ?? user.token
          expect((await server.list(`user-${index}`)).length).toBe(1)
        }
      }
    }
    const [first] = users
    await moved.revokeAll('user-0')
    expect((await moved.open(view(first?.token ?? ''))).session.userId).toBeNull()
    await from.close()
  })
})

describe('the progress printer', () => {
  function printed(isTTY: boolean): {
    lines: string[]
    print: (ms: number, fields: Partial<MigrationProgress>) => void
  } {
    const lines: string[] = []
    let now = 0
    const print = progressPrinter({ isTTY, write: (text) => lines.push(text) }, () => now)
    const start: MigrationProgress = {
      cursor: 'x',
      isDone: false,
      seen: 0,
      moved: 0,
      ended: 0,
      damaged: 0,
      total: 40_000,
    }
    return {
      lines,
      print(ms, fields) {
        now = ms
        print({ ...start, ...fields })
      },
    }
  }

  test('writes one line over and over on a terminal, and ends it', () => {
    const { lines, print } = printed(true)
    print(0, {})
    print(50, { seen: 100 })
    print(1000, { seen: 10_000, moved: 9000, ended: 1000 })
    print(4000, { seen: 40_000, moved: 36_000, ended: 4000, isDone: true })
    expect(lines.map((line) => line.trimEnd())).toEqual(
      [
        '\r0 of about 40 000 seen, 0 moved, 0 ended'.replace('\r', ''),
        '10 000 of about 40 000 seen, 9 000 moved, 1 000 ended, 10 000/s, 3 s left',
        '40 000 seen, 36 000 moved, 4 000 ended, 10 000/s, done',
      ].map((line) => `\r${line}`),
    )
    expect(lines.at(-1)).toMatch(/\n$/)
    expect(new Set(lines.slice(0, 2).map((line) => line.length)).size, 'a longer line is covered').toBe(1)
  })

  test('writes plain lines, few of them, where there is no terminal', () => {
    const { lines, print } = printed(false)
    for (let ms = 0; ms <= 30_000; ms += 100) print(ms, { seen: ms, total: null })
    print(30_050, { isDone: true, seen: 30_050, total: null })
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(line).toMatch(/^[^\r\n]+\n$/)
  })

  test('tells hours as hours', () => {
    const { lines, print } = printed(true)
    print(0, { seen: 0, total: 1_000_000 })
    print(10_000, { seen: 100, total: 1_000_000 })
    expect(lines[1]).toContain('28 h left')
  })
})
