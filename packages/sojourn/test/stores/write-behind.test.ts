import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { createSessions } from 'sojourn'
import { type WriteBehindOptions, writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, test } from 'vitest'
import type { SessionRecord } from '../../src/core/contracts/record.ts'
import type { Change, Store, StoreEvent } from '../../src/core/contracts/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { hookStore } from '../core/kit-store.ts'
import { testCases } from '../support/run-cases.ts'
import { around, damage, damageableStore } from './damageable.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { anId, aRecord, aTombstone, DAY, MINUTE } from './records.ts'
import { createTime, settle } from './wrappers/time.ts'

testCases('write-behind', storeCases, {
  createStore: () => around(damageableStore(), (inner) => writeBehind(inner)),
  damage,
  sweeps: true,
  scans: true,
  without: {
    second: 'other nodes see last-seen later, which is what it is for',
    reopen: 'the store behind it is what lasts',
    sever: 'the store behind it is what can be lost',
    probe: 'nothing of it leaves the process',
  },
})

describe('random schedules with write-behind', () => {
  test('parallel calls give the answers of some order of them', async () => {
    await fc.assert(
      parallelCalls(() => writeBehind(memoryStore())),
      { numRuns: 300 },
    )
  })

  test('parallel calls on a store that answers late, flushed at any time', async () => {
    const open = (): Store => {
      const inner = memoryStore()
      const store = writeBehind({ ...inner, write: async (id, change) => inner.write(id, change) })
      const list = (userId: string): ReturnType<Store['list']> => {
        void store.flush()
        return store.list(userId)
      }
      return { ...store, list }
    }
    await fc.assert(parallelCalls(open), { numRuns: 200 })
  })

  test('overlapping requests leave what a user would expect', async () => {
    await fc.assert(
      overlappingRequests(() => writeBehind(memoryStore())),
      { numRuns: 200 },
    )
  })
})

function createWorld(options: WriteBehindOptions = {}) {
  const time = createTime()
  const memory = memoryStore()
  const inner = hookStore({ ...memory, write: async (id, change) => memory.write(id, change) })
  const store = writeBehind(inner, { timing: time.timing, ...options })
  const events: StoreEvent[] = []
  store.observe?.((event) => events.push(event))
  const record = aRecord({ userId: 'ada' })
  memory.create(record)
  return { time, memory, inner, store, events, record }
}

type World = ReturnType<typeof createWorld>

function touchOf(record: SessionRecord, afterMs: number, version = 0): Change & Required<Pick<Change, 'seen'>> {
  return { version, seen: { at: record.lastSeenAt + afterMs, expiresAt: record.expiresAt + afterMs } }
}

function seenIn(store: Store, { id }: SessionRecord): number | null {
  const kept = store.read(id)
  return kept !== null && 'lastSeenAt' in kept ? kept.lastSeenAt : null
}

async function pass({ time }: World, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    time.advance(1000)
    await settle()
  }
}

describe('a touch', () => {
  test('is seen here at once, by read and by list, and written later', async () => {
    const world = createWorld()
    const { store, memory, inner, record } = world
    const touch = touchOf(record, MINUTE)
    expect(await store.write(record.id, touch)).toEqual({ status: 'written' })
    expect(inner.count('write')).toBe(0)
    expect(seenIn(store, record)).toBe(touch.seen.at)
    expect(await store.list('ada')).toEqual([await store.read(record.id)])
    expect(seenIn(memory, record)).toBe(record.lastSeenAt)
    await pass(world, 5 * MINUTE)
    expect(memory.read(record.id)).toEqual({ ...record, lastSeenAt: touch.seen.at, expiresAt: touch.seen.expiresAt })
    expect(world.time.timers).toEqual([])
  })

  test('of a session that is used all the time makes one write in five minutes, not five', async () => {
    const world = createWorld()
    const { store, inner, record } = world
    for (let minute = 1; minute <= 30; minute++) {
      await store.write(record.id, touchOf(record, minute * MINUTE))
      await pass(world, MINUTE)
    }
    expect(inner.count('write')).toBeGreaterThanOrEqual(5)
    expect(inner.count('write')).toBeLessThanOrEqual(6)
  })

  test('does not keep the process alive', async () => {
    const { store, time, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    expect(time.timers.map(({ how }) => how)).toEqual(['background'])
  })

  test('is written together with the next change of the session, in one write', async () => {
    const { store, memory, inner, record } = createWorld()
    const touch = touchOf(record, MINUTE)
    await store.write(record.id, touch)
    await store.write(record.id, { set: { a: '1' } })
    expect(inner.count('write')).toBe(1)
    expect(memory.read(record.id)).toMatchObject({ data: { a: '1' }, lastSeenAt: touch.seen.at })
    await store.flush()
    expect(inner.count('write')).toBe(1)
  })

  test('is not taken back by a change of the head that looked at the clock before', async () => {
    const { store, memory, record } = createWorld()
    const touch = touchOf(record, 2 * MINUTE)
    await store.write(record.id, touch)
    await store.write(record.id, { ...touchOf(record, MINUTE), nextVersion: 1, head: record.head })
    expect(memory.read(record.id)).toMatchObject({ version: 1, lastSeenAt: touch.seen.at })
    expect(seenIn(store, record)).toBe(touch.seen.at)
  })

  test('waits on when the change beside it conflicts, and shows in the record that is answered', async () => {
    const { store, record } = createWorld()
    const touch = touchOf(record, MINUTE)
    await store.write(record.id, touch)
    const written = await store.write(record.id, { expect: { key: 'a', text: '1' }, set: { a: '2' } })
    expect(written).toMatchObject({ status: 'conflict', record: { lastSeenAt: touch.seen.at } })
    expect(seenIn(store, record)).toBe(touch.seen.at)
  })

  test('is not lost to a change of the head on another node while it waits', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    expect(seenIn(store, record)).toBe(record.lastSeenAt + MINUTE)
    await store.flush()
    expect(seenIn(memory, record)).toBe(record.lastSeenAt + MINUTE)
  })

  test('is written with data that has no version, also after a change of the head on another node', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    expect(await store.write(record.id, { set: { a: '1' } })).toEqual({ status: 'written' })
    expect(memory.read(record.id)).toMatchObject({
      version: 1,
      lastSeenAt: record.lastSeenAt + MINUTE,
      data: { a: '1' },
    })
  })

  test('made from an older version of the record conflicts, as in any store', async () => {
    const { store, memory, record } = createWorld()
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    expect(await store.write(record.id, touchOf(record, MINUTE))).toMatchObject({ status: 'conflict' })
    expect(seenIn(store, record)).toBe(record.lastSeenAt)
  })

  test('that comes while the one before is written waits its own time', async () => {
    const world = createWorld()
    const { store, memory, inner, record } = world
    await store.write(record.id, touchOf(record, MINUTE))
    const gate = inner.hold('write')
    await pass(world, 5 * MINUTE)
    await gate.reached
    const second = touchOf(record, 6 * MINUTE)
    await store.write(record.id, second)
    gate.release()
    await settle()
    expect(seenIn(store, record)).toBe(second.seen.at)
    await pass(world, MINUTE)
    expect(inner.count('write')).toBe(1)
    await pass(world, 5 * MINUTE)
    expect(inner.count('write')).toBe(2)
    expect(seenIn(memory, record)).toBe(second.seen.at)
  })

  test('that comes while another change is written is not lost with the one before', async () => {
    const { store, memory, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    const gate = inner.hold('write')
    const writing = store.write(record.id, { set: { a: '1' } })
    await gate.reached
    const second = touchOf(record, 2 * MINUTE)
    await store.write(record.id, second)
    gate.release()
    await writing
    await store.flush()
    expect(seenIn(memory, record)).toBe(second.seen.at)
  })

  test('that is older than the one that waits changes nothing', async () => {
    const { store, record } = createWorld()
    await store.write(record.id, touchOf(record, 2 * MINUTE))
    await store.write(record.id, touchOf(record, MINUTE))
    expect(seenIn(store, record)).toBe(record.lastSeenAt + 2 * MINUTE)
  })

  test('of the present record replaces an earlier one, whatever the clocks said', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, 2 * MINUTE))
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    await store.write(record.id, touchOf(record, MINUTE, 1))
    expect(seenIn(store, record)).toBe(record.lastSeenAt + MINUTE)
  })

  test('of an older version does not make a change of the head conflict', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    expect(await store.write(record.id, { version: 1, nextVersion: 2, head: record.head })).toEqual({
      status: 'written',
    })
  })

  test('waits on when a request from before the last change of the head writes data', async () => {
    const { store, memory, record } = createWorld()
    memory.write(record.id, { version: 0, nextVersion: 1, head: record.head })
    await store.write(record.id, touchOf(record, 2 * MINUTE, 1))
    await store.write(record.id, { ...touchOf(record, MINUTE), set: { a: '1' } })
    expect(seenIn(store, record)).toBe(record.lastSeenAt + 2 * MINUTE)
  })

  test('of a session that ended while others were written is not written', async () => {
    const { store, memory, inner, events } = createWorld()
    const records = Array.from({ length: 40 }, () => aRecord())
    for (const record of records) memory.create(record)
    for (const record of records) await store.write(record.id, touchOf(record, MINUTE))
    const gate = inner.hold('write')
    const flushing = store.flush()
    const last = records[39] ?? aRecord()
    await store.end(last.id, aTombstone(last))
    gate.release()
    await flushing
    expect(inner.count('write')).toBe(39)
    expect(events).toEqual([])
  })
})

describe('1 Ended is ended', () => {
  test('a touch that waits does not bring back what this node ended', async () => {
    const { store, memory, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    expect(await store.end(record.id, aTombstone(record)), 'its last state').toMatchObject({
      lastSeenAt: record.lastSeenAt + MINUTE,
    })
    await store.flush()
    expect(inner.count('write')).toBe(0)
    expect(memory.read(record.id)).toEqual(aTombstone(record))
  })

  test('nor what another node ended', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    memory.end(record.id, aTombstone(record))
    expect(await store.read(record.id)).toEqual(aTombstone(record))
    await store.flush()
    expect(memory.read(record.id)).toEqual(aTombstone(record))
  })

  test('a touch of what ended is answered with the tombstone, of what is not there with none', async () => {
    const { store, memory, record } = createWorld()
    memory.end(record.id, aTombstone(record))
    expect(await store.write(record.id, touchOf(record, MINUTE))).toEqual({
      status: 'gone',
      tombstone: aTombstone(record),
    })
    expect(await store.write(anId(), touchOf(record, MINUTE))).toEqual({ status: 'gone', tombstone: null })
  })
})

describe('6 Two clocks', () => {
  test('a session does not expire in the store for a touch that waits: it waits a quarter of what is left at most', async () => {
    const world = createWorld({ every: '60m' })
    const { store, memory, record } = world
    await store.write(record.id, touchOf(record, 20 * MINUTE))
    // Ten minutes are left in the store.
    await pass(world, 2.5 * MINUTE + 1000)
    expect(seenIn(memory, record)).toBe(record.lastSeenAt + 20 * MINUTE)
  })

  test('a session that is about to expire is written at once', async () => {
    const { store, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, 30 * MINUTE - 3000))
    expect(inner.count('write')).toBe(1)
  })

  test('a limit that comes nearer is written at once', async () => {
    const { store, memory, record } = createWorld()
    const seen = { at: record.lastSeenAt + 1000, expiresAt: record.expiresAt - MINUTE }
    await store.write(record.id, { version: 0, seen })
    expect(memory.read(record.id)).toMatchObject({ expiresAt: seen.expiresAt })
  })

  test('a process that is killed loses last-seen alone, and the session ends sooner, not later', async () => {
    const { store, memory, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    expect(memory.read(record.id)).toEqual(record)
  })
})

describe('bounds', () => {
  test('more than max do not wait: they are written at once', async () => {
    const { store, memory, inner } = createWorld({ max: 10 })
    const records = Array.from({ length: 15 }, () => aRecord())
    for (const record of records) memory.create(record)
    for (const record of records) await store.write(record.id, touchOf(record, MINUTE))
    expect(inner.count('write')).toBe(5)
    await store.flush()
    expect(inner.count('write')).toBe(15)
  })

  test('a flush asks a store for 32 at once at most', async () => {
    const { store, memory, inner } = createWorld()
    const records = Array.from({ length: 100 }, () => aRecord())
    for (const record of records) memory.create(record)
    for (const record of records) await store.write(record.id, touchOf(record, MINUTE))
    let now = 0
    let most = 0
    for (const _ of records) {
      inner.replace('write', async () => {
        most = Math.max(most, ++now)
        await settle()
        now--
        return { status: 'written' }
      })
    }
    await store.flush()
    expect(inner.count('write')).toBe(100)
    expect(most).toBe(32)
  })

  test('close writes all that waits, then closes the store', async () => {
    const { store, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    await store.close()
    expect(inner.calls.slice(-2)).toMatchObject([
      { operation: 'write', args: [record.id, touchOf(record, MINUTE)] },
      { operation: 'close' },
    ])
    expect(() => store.read(record.id)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  })
})

describe('a store that is down', () => {
  test('loses no last-seen time: an unwritten one is kept, and this is reported once', async () => {
    const world = createWorld()
    const { store, memory, inner, events, record } = world
    await store.write(record.id, touchOf(record, MINUTE))
    inner.fail('write', { times: 3 })
    await pass(world, 5 * MINUTE)
    expect(seenIn(memory, record)).toBe(record.lastSeenAt)
    expect(seenIn(store, record)).toBe(record.lastSeenAt + MINUTE)
    await pass(world, 20_000)
    expect(seenIn(memory, record)).toBe(record.lastSeenAt + MINUTE)
    expect(events).toMatchObject([{ name: 'memory', kind: 'touches-kept', operation: 'write' }])
  })

  test('is not asked for each of them', async () => {
    const { store, memory, inner } = createWorld()
    const records = Array.from({ length: 1000 }, () => aRecord())
    for (const record of records) memory.create(record)
    for (const record of records) await store.write(record.id, touchOf(record, MINUTE))
    inner.fail('write', { times: 1000 })
    await store.flush()
    expect(inner.count('write')).toBeLessThanOrEqual(32)
  })

  test('does not keep close from closing', async () => {
    const { store, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    inner.fail('write', { times: 10 })
    await store.close()
    expect(inner.count('close')).toBe(1)
  })
})

test('sessions in use all the time are written once in five minutes each, through createSessions', async () => {
  const { store, inner, time } = createWorld()
  const clock = time.timing.wall
  const sessions = createSessions({ store, clock, warn: () => undefined, timeouts: { touch: '1m' } })
  const cookies: string[] = []
  for (let i = 0; i < 100; i++) {
    const exchange = await sessions.open(toView(null))
    await exchange.session.login(`user ${i}`)
    const found = (await exchange.commit()).find(({ name }) => name === 'set-cookie')
    cookies.push(found?.value.split(';')[0] ?? '')
  }
  const before = inner.count('write')
  for (let minute = 0; minute < 20; minute++) {
    time.advance(MINUTE)
    await settle()
    for (const cookie of cookies) {
      const exchange = await sessions.open(toView(cookie))
      expect(exchange.session.userId).not.toBeNull()
      await exchange.commit()
    }
  }
  // One each in five minutes, where there would be one each a minute.
  expect(inner.count('write') - before).toBeLessThanOrEqual(100 * 5)
})

function toView(cookie: string | null): Parameters<ReturnType<typeof createSessions>['open']>[0] {
  return { method: 'GET', url: '/', secure: true, peer: null, header: (name) => (name === 'cookie' ? cookie : null) }
}

test('options that are wrong are refused at once', () => {
  for (const options of [{ every: '0s' }, { max: 0 }, { every: DAY * 365 * 200 }]) {
    expect(() => writeBehind(memoryStore(), options as WriteBehindOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  }
})

describe('rounds of writing', () => {
  /** Two sessions, touched so that one is due four minutes after the other. */
  async function touchTwo(world: World) {
    const { store, memory, record } = world
    const second = aRecord({ userId: 'eve' })
    memory.create(second)
    await store.write(record.id, touchOf(record, MINUTE))
    await pass(world, 4 * MINUTE)
    await store.write(second.id, touchOf(second, 5 * MINUTE))
    return second
  }

  const writtenIds = ({ inner }: World): unknown[] =>
    inner.calls.filter(({ operation }) => operation === 'write').map(({ args }) => args[0])

  test('write what is due, leave what is not, and write that when it is', async () => {
    const world = createWorld({ every: '5m' })
    const { record } = world
    const second = await touchTwo(world)
    await pass(world, 2 * MINUTE)
    expect(writtenIds(world)).toEqual([record.id])
    await pass(world, 4 * MINUTE)
    expect(writtenIds(world)).toEqual([record.id, second.id])
    expect(world.time.timers).toEqual([])
  })

  test('after a failure wait five seconds, not one: a store that is down is not to be asked each second', async () => {
    const world = createWorld({ every: '5m' })
    await world.store.write(world.record.id, touchOf(world.record, MINUTE))
    world.inner.fail('write', { times: 3 })
    const asked: number[] = []
    for (let second = 0; second < 5 * 60 + 20; second++) {
      const before = world.inner.count('write')
      await pass(world, 1000)
      if (world.inner.count('write') > before) asked.push(second)
    }
    const first = asked[0] ?? 0
    expect(asked.map((second) => second - first)).toEqual([0, 5, 10, 15])
  })

  test('before a sweep write the one that would go, though others are safe', async () => {
    const world = createWorld()
    const { store, memory, record } = world
    const second = aRecord({ expiresAt: record.expiresAt + 10 * MINUTE })
    memory.create(second)
    await store.write(record.id, touchOf(record, MINUTE))
    await store.write(second.id, touchOf(second, MINUTE))
    expect(await store.sweep?.(record.expiresAt, 10)).toBe(0)
    expect(seenIn(memory, record)).toBe(record.lastSeenAt + MINUTE)
    expect(writtenIds(world)).toEqual([record.id])
  })

  test('try again by themselves what failed in two rounds at once', async () => {
    const world = createWorld()
    const { store, inner, memory, record } = world
    await store.write(record.id, touchOf(record, MINUTE))
    const gates = [new Promise<void>((resolve) => setImmediate(resolve)), Promise.resolve()]
    for (const gate of gates)
      inner.replace('write', async () => {
        await gate
        throw new Error('connection reset')
      })
    await Promise.all([store.flush(), store.flush()])
    expect(inner.count('write')).toBe(2)
    await pass(world, 10_000)
    expect(seenIn(memory, record)).toBe(record.lastSeenAt + MINUTE)
  })

  test('do not let one session that cannot be written keep the others back', async () => {
    const world = createWorld()
    const { store, memory, inner, record } = world
    const others = Array.from({ length: 100 }, () => aRecord())
    const write = inner.write.bind(inner)
    const refused = Array.from({ length: 40 }, () => aRecord())
    inner.write = (id, change) =>
      refused.some((each) => each.id === id) ? Promise.reject(new Error('damaged')) : write(id, change)
    const guarded = writeBehind(inner, { timing: world.time.timing })
    for (const each of [...refused, ...others]) memory.create(each)
    for (const each of [...refused, ...others]) await guarded.write(each.id, touchOf(each, MINUTE))
    await pass(world, 6 * MINUTE)
    expect(others.filter((each) => seenIn(memory, each) === each.lastSeenAt)).toEqual([])
    expect(seenIn(store, record)).toBe(record.lastSeenAt)
  })
})

describe('close', () => {
  test('writes what waits once: a second close asks the store for nothing more', async () => {
    const { store, inner, record } = createWorld()
    await store.write(record.id, touchOf(record, MINUTE))
    inner.fail('write', { times: 5 })
    await store.close()
    expect(inner.count('write')).toBe(1)
    await store.close()
    expect(inner.count('write')).toBe(1)
  })
})
