import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { MaybePromise, Store } from '../../src/core/contracts/store.ts'
import { migrate, movingStore } from '../../src/stores/around/migrate.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testCases } from '../support/run-cases.ts'
import { around, damage, damageableStore } from './damageable.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { aRecord, aTombstone, MINUTE } from './records.ts'

const without = {
  second: 'memory belongs to one process',
  reopen: 'memory ends with its process',
  probe: 'the cases of each store look into it',
  sever: 'there is nothing between the store and its data',
  scans: 'what is moving is scanned store by store',
}

for (const moves of [true, false]) {
  testCases(`moving store, moves: ${moves}`, storeCases, {
    createStore: () =>
      moves
        ? around(damageableStore(), (to) => movingStore({ from: memoryStore(), to, moves }))
        : around(damageableStore(), (from) => movingStore({ from, to: memoryStore(), moves })),
    damage,
    ...(moves && { sweeps: true }),
    without: { ...without, sweeps: 'what ended is in both, and counts twice' },
  })
}

testCases('moving store, every session in the store that is left', storeCases, {
  createStore() {
    const to = memoryStore()
    return around(damageableStore(), (from) => {
      const before = movingStore({ from, to, moves: false })
      return { ...movingStore({ from, to }), create: before.create }
    })
  },
  damage,
  without: { ...without, sweeps: 'what is left behind is swept too, and counts' },
})

type Call = (...args: never[]) => unknown
const VERBS = ['read', 'create', 'write', 'end', 'list', 'scan'] as const

/** The store with something around each call. */
function aroundCalls(store: Store, wrap: (call: () => unknown) => Promise<unknown>): Store {
  const wrapped = VERBS.map((verb) => [verb, (...args: never[]) => wrap(() => (store[verb] as Call)(...args))])
  return { name: store.name, close: () => store.close(), ...Object.fromEntries(wrapped) } as Store
}

/** Calls that wait a random while before they reach the store, and after. */
function jittery(store: Store, random: () => number): Store {
  const ticks = async (): Promise<void> => {
    for (let n = Math.floor(random() * 6); n > 0; n--) await Promise.resolve()
  }
  return aroundCalls(store, async (call) => {
    await ticks()
    const answer = await call()
    await ticks()
    return answer
  })
}

/**
 * The store as several processes see it: first all prepare, then some move, and finally a migration runs beside them. Each call
 * uses another process.
 */
function severalProcesses(random: () => number): Store {
  const [from, to] = [memoryStore(), memoryStore()]
  const open = (moves: boolean): Store => movingStore({ from: jittery(from, random), to: jittery(to, random), moves })
  const [preparing, moving] = [
    [open(false), open(false)],
    [open(true), open(true)],
  ]
  const startsAt = Math.floor(random() * 20)
  let calls = 0
  let creates: Promise<unknown> = Promise.resolve()
  function next(): Store {
    calls++
    if (calls === startsAt + 5)
      void migrate(jittery(from, random), jittery(to, random), { pageSize: 2, clock: () => 0 })
    const all = calls < startsAt ? preparing : [...preparing, ...moving]
    return all[Math.floor(random() * all.length)] as Store
  }
  return {
    name: 'several processes',
    read: (id) => next().read(id),
    write: (id, change) => next().write(id, change),
    end: (id, tombstone) => next().end(id, tombstone),
    list: (userId) => next().list(userId),
    create(record) {
      // One at a time: that two processes think of the same id at once is nothing that happens.
      const created = creates.then(() => next().create(record))
      creates = created
      return created
    },
    close: () => undefined,
  }
}

/** Repeatable: the seed is in what fast-check prints. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('a random schedule over processes that prepare, that move, and a migration', () => {
  test('gives the answers of some order of its calls: nobody notices the move', async () => {
    let seed = 1
    await fc.assert(
      parallelCalls(() => severalProcesses(randomOf(seed++))),
      { numRuns: 400 },
    )
  }, 60_000)

  test('leaves what a user expects of overlapping requests', async () => {
    let seed = 1
    await fc.assert(
      overlappingRequests(() => severalProcesses(randomOf(seed++))),
      { numRuns: 60 },
    )
  }, 60_000)
})

/** Stops at its `n`th call of a store, before or after that has its effect, and goes on when told. */
function stopAt(n: number): { wrap: (store: Store) => Store; stopped: Promise<void>; go: () => void } {
  let calls = 0
  let [stop, go] = [(): void => undefined, (): void => undefined]
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const told = new Promise<void>((resolve) => {
    go = resolve
  })
  const pause = async (): Promise<void> => {
    if (calls++ !== n) return
    stop()
    await told
  }
  const wrap = (store: Store): Store =>
    aroundCalls(store, async (call) => {
      await pause()
      const answer = await call()
      await pause()
      return answer
    })
  return { wrap, stopped, go }
}

const record = aRecord({ userId: 'ada', version: 3, data: { n: '1' } })
const { id } = record
const seen = { at: record.lastSeenAt + MINUTE, expiresAt: record.expiresAt + MINUTE }
const head = { ...record.head, secret: 'another' }
type Work = (store: Store, from: Store, to: Store) => MaybePromise<unknown>
const WORK: Readonly<Record<string, Work>> = {
  'a write of data': (store) => store.write(id, { set: { a: '"late"' } }),
  'an update': (store) => store.write(id, { set: { n: '2' }, expect: { key: 'n', text: '1' } }),
  'a touch': (store) => store.write(id, { version: 3, seen, set: { a: '"late"' } }),
  'a renewal': (store) => store.write(id, { version: 3, nextVersion: 8, head, seen }),
  'a logout': (store) => store.end(id, aTombstone(record, { reason: 'late' })),
  'a migration': (_, from, to) => migrate(from, to, { clock: () => 0 }),
}

/** Starts the work, stops it at each point there is, lets `meanwhile` happen, and looks; then lets it go on and looks again. */
async function atEachPoint(
  work: Work,
  moves: boolean,
  meanwhile: (store: Store) => Promise<void>,
  look: (store: Store, answer: unknown) => Promise<void>,
): Promise<number> {
  for (let n = 0; ; n++) {
    const [from, to] = [memoryStore(), memoryStore()]
    await from.create(record)
    const { wrap, stopped, go } = stopAt(n)
    const [slowFrom, slowTo] = [wrap(from), wrap(to)]
    const slow = movingStore({ from: slowFrom, to: slowTo, moves })
    const answer = Promise.resolve(work(slow, slowFrom, slowTo))
    const first = await Promise.race([stopped.then(() => 'stopped'), answer.then(() => 'done')])
    const others = [true, false].map((each) => movingStore({ from, to, moves: each }))
    for (const other of others) await meanwhile(other)
    go()
    const late = await answer
    for (const other of others) await look(other, late)
    if (first === 'done') return n
  }
}

describe.each([true, false])('a process (moves: %s) that dies, or sleeps, at any point of', (moves) => {
  describe.each(Object.entries(WORK))('%s', (name, work) => {
    test('its work leaves the session open to everyone else: nobody is logged out', async () => {
      const points = await atEachPoint(
        work,
        moves,
        async (store) => {
          const found = await store.read(id)
          if (name !== 'a logout')
            expect(found).toMatchObject({ kind: 'live', id, userId: 'ada', data: { n: expect.any(String) } })
          expect(await store.list('ada')).toEqual(found?.kind === 'live' ? [found] : [])
        },
        async () => undefined,
      )
      expect(points).toBeGreaterThan(3)
    })

    test('its work cannot bring the session back that another ended meanwhile [1 Ended is ended]', async () => {
      let ends: (SessionRecord | null)[] = []
      await atEachPoint(
        work,
        moves,
        async (store) => {
          ends.push((await store.end(id, aTombstone(record))) as SessionRecord | null)
          expect((await store.read(id))?.kind).toBe('ended')
          expect(await store.list('ada')).toEqual([])
        },
        async (store, answer) => {
          expect((await store.read(id))?.kind).toBe('ended')
          expect(await store.list('ada')).toEqual([])
          expect(await store.write(id, { set: { a: '1' } })).toMatchObject({ status: 'gone' })
          if (name === 'a logout' && answer !== null) ends.push(answer as SessionRecord)
          if (ends.length > 0)
            expect(
              ends.filter((end) => end !== null),
              'exactly one gets the record',
            ).toHaveLength(1)
          ends = []
        },
      )
    })

    test('its work keeps what others wrote meanwhile, and its own [2 No lost update]', async () => {
      await atEachPoint(
        work,
        moves,
        async (store) => {
          const before = await store.read(id)
          const n = before?.kind === 'live' ? Number(before.data.n) : null
          const own = store.name + Math.random()
          const change = { set: { n: `${Number(n) + 10}`, [own]: '1' }, expect: { key: 'n', text: `${n}` } }
          const written = await store.write(id, change)
          if (n !== null) expect(written.status).toBe('written')
        },
        async (store, answer) => {
          const found = await store.read(id)
          if (name === 'a logout') return expect(found?.kind).toBe('ended')
          if (found?.kind !== 'live') throw new Error('It must live.')
          const status = name === 'a migration' ? '' : (answer as { status: string }).status
          expect(
            Object.values(found.data).filter((text) => text === '1'),
            'keys of others',
          ).toHaveLength(2)
          expect(found.data.n).toBe(name === 'an update' && status === 'written' ? '22' : '21')
          if (name === 'a write of data' || name === 'a touch') expect(found.data.a).toBe('"late"')
          if (name === 'a touch' || name === 'a renewal')
            expect(found).toMatchObject({ lastSeenAt: seen.at, expiresAt: seen.expiresAt })
          if (name === 'a renewal') expect(found).toMatchObject({ version: 8, head })
          else expect(found).toMatchObject({ version: 3, head: record.head })
        },
      )
    })
  })
})

test('a write of a process that prepares is kept wherever it and a migration meet [2 No lost update]', async () => {
  const writes: Work[] = Object.entries(WORK).flatMap(([name, work]) =>
    /write|update|renewal/.test(name) ? [work] : [],
  )
  for (const work of writes) {
    for (let n = 0, isOver = false; !isOver; n++) {
      for (let m = 0, isMoved = false; !isMoved; m++) {
        const [from, to] = [memoryStore(), memoryStore()]
        await from.create(record)
        const [writer, mover] = [stopAt(n), stopAt(m)]
        const slow = movingStore({ from: writer.wrap(from), to: writer.wrap(to), moves: false })
        const written = Promise.resolve(work(slow, from, to))
        isOver = (await Promise.race([writer.stopped, written.then(() => 'over')])) === 'over'
        const migrated = migrate(mover.wrap(from), mover.wrap(to), { clock: () => 0 })
        isMoved = (await Promise.race([mover.stopped, migrated.then(() => 'over')])) === 'over'
        writer.go()
        expect(await written).toEqual({ status: 'written' })
        mover.go()
        await migrated
        const expected = memoryStore()
        await expected.create(record)
        await work(expected, from, to)
        expect(await to.read(id), `stopped at ${n} and ${m}`).toEqual(await expected.read(id))
      }
    }
  }
})
