import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { createSessions, SessionError } from 'sojourn'
import { withNodeSession } from 'sojourn/node'
import { type ResilientStoreOptions, resilientStore } from 'sojourn/stores/resilient'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Store, StoreEvent } from '../../src/core/contracts/store.ts'
import { openEnvironment } from '../../src/stores/lmdb/environment.ts'
import { lmdbStore } from '../../src/stores/lmdb.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { SOME_TOKEN } from '../adapters/support/stores.ts'
import { hookStore } from '../core/kit-store.ts'
import { quickFolder } from '../support/quick-folder.ts'
import { testCases } from '../support/run-cases.ts'
import { around, damage, damageableStore } from './damageable.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { anId, aRecord, aTombstone } from './records.ts'
import { createTime, settle } from './wrappers/time.ts'

const folder = quickFolder('resilient')

/** As behind a network. */
function lateStore(store: Store = memoryStore()): Store {
  return {
    ...store,
    read: async (id) => store.read(id),
    create: async (record) => store.create(record),
    write: async (id, change) => store.write(id, change),
    end: async (id, tombstone) => store.end(id, tombstone),
    list: async (userId) => store.list(userId),
  }
}

testCases('resilient store', storeCases, {
  createStore: () => around(damageableStore(), (inner) => resilientStore(lateStore(inner))),
  damage,
  sweeps: true,
  scans: true,
  without: {
    second: 'the store behind it is what is shared',
    reopen: 'the store behind it is what lasts',
    sever: 'the store behind it is what can be lost',
    probe: 'nothing of it leaves the process',
  },
})

describe('random schedules on a resilient store', () => {
  test('parallel calls give the answers of some order of them', async () => {
    await fc.assert(
      parallelCalls(() => resilientStore(lateStore())),
      { numRuns: 100 },
    )
  })
  test('overlapping requests leave what a user would expect', async () => {
    await fc.assert(
      overlappingRequests(() => resilientStore(lateStore())),
      { numRuns: 100 },
    )
  })
})

function createWorld(options: ResilientStoreOptions = {}) {
  const time = createTime()
  const inner = hookStore(lateStore())
  const store = resilientStore(inner, { timing: time.timing, ...options })
  const events: StoreEvent[] = []
  store.observe?.((event) => events.push(event))
  return { time, inner, store, events, kinds: () => events.map(({ kind }) => kind) }
}

type World = ReturnType<typeof createWorld>

/** The code that a call is refused with, or `null`. */
async function codeOf(call: () => unknown): Promise<string | null> {
  try {
    await call()
    return null
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error)
  }
}

const read = (world: World) => (): unknown => world.store.read(anId())
const write = (world: World) => (): unknown => world.store.write(anId(), { set: { a: '1' } })

/** A store that does not answer: five calls run into the limit. */
async function hang(world: World): Promise<void> {
  const gates = Array.from({ length: 5 }, () => world.inner.hold('write'))
  const calls = gates.map(() => codeOf(write(world)))
  await settle()
  world.time.advance(2001)
  expect(await Promise.all(calls)).toEqual(Array(5).fill('ERR_STORE_TIMEOUT'))
  for (const gate of gates) gate.release()
}

describe('a listener of observe that throws', () => {
  test('does not keep a call without an end, nor the others from hearing', async () => {
    const world = createWorld()
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const fail = (): never => {
      throw new Error('the application')
    }
    const stop = world.store.observe?.(fail)
    world.store.observe?.(fail)
    const later: StoreEvent[] = []
    world.store.observe?.((event) => later.push(event))
    await hang(world)
    expect(later).toEqual(world.events)
    expect(later.map(({ kind }) => kind)).toContain('timeout')
    const before = printed.mock.calls.length
    expect(before).toBe(2 * later.length)
    stop?.()
    world.time.advance(60_000)
    await codeOf(read(world))
    expect(printed.mock.calls.length - before, 'one of the two was stopped').toBe(later.length - before / 2)
    printed.mockRestore()
  })
})

describe('a time limit', () => {
  test('rejects what takes longer, names no id, and tells it', async () => {
    const world = createWorld()
    const record = aRecord()
    world.inner.hold('end')
    const ending = Promise.resolve(world.store.end(record.id, aTombstone(record))).catch((error: unknown) => error)
    await settle()
    world.time.advance(2001)
    const error = (await ending) as SessionError
    expect(error).toMatchObject({ code: 'ERR_STORE_TIMEOUT', status: 503, headers: { 'retry-after': '1' } })
    expect(error.message).toContain('memory: no answer to end in 2000 ms.')
    expect(error.message).not.toContain(record.id)
    expect(world.events).toEqual([{ name: 'memory', kind: 'timeout', operation: 'end' }])
  })

  test('is not reached by what answers in time, and leaves no timer', async () => {
    const world = createWorld()
    const gate = world.inner.hold('read')
    const reading = codeOf(read(world))
    await gate.reached
    world.time.advance(1999)
    gate.release()
    expect(await reading).toBeNull()
    expect(world.time.timers).toEqual([])
  })

  test('does not blame the store when this process stood still: an answer that waits to be read counts', async () => {
    const world = createWorld()
    const gate = world.inner.hold('read')
    const reading = codeOf(read(world))
    await gate.reached
    world.time.advance(2000)
    gate.release()
    expect(await reading).toBeNull()
  })

  test('drops what comes late: no unhandled rejection, no change of mind', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const world = createWorld()
    let fail = (_: Error): void => undefined
    world.inner.replace('write', () => new Promise((_, reject) => (fail = reject)))
    const writing = codeOf(write(world))
    await settle()
    world.time.advance(2001)
    fail(new Error('ECONNRESET'))
    expect(await writing).toBe('ERR_STORE_TIMEOUT')
    await settle()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  test('a store that answers at once is answered at once', () => {
    const store = resilientStore(memoryStore())
    expect(store.create(aRecord())).toBe(true)
    expect(store.read(anId())).toBeNull()
  })
})

describe('the circuit breaker', () => {
  test('opens after five failures in a row: then the store is not asked', async () => {
    const world = createWorld()
    world.inner.fail('write', { times: 5 })
    for (let i = 0; i < 5; i++) expect(await codeOf(write(world))).toBe('Error: connection reset')
    expect(await codeOf(write(world))).toBe('ERR_STORE_UNAVAILABLE')
    expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
    expect(world.inner.calls).toHaveLength(5)
    expect(world.kinds()).toEqual(['open'])
  })

  test('at three in the morning: the event, and each refusal, name the outage that opened it', async () => {
    const world = createWorld()
    world.inner.fail('write', { times: 5 })
    for (let i = 0; i < 5; i++) await codeOf(write(world))
    expect(world.events).toMatchObject([{ kind: 'open', error: { message: 'connection reset' } }])
    const refused = await (async () => read(world)())().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', cause: { message: 'connection reset' } })
  })

  test('opens for a store that does not answer', async () => {
    const world = createWorld()
    await hang(world)
    expect(world.kinds()).toEqual([...Array(5).fill('timeout').slice(0, 4), 'open', 'timeout'])
    expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
  })

  test('does not open for failures among successes', async () => {
    const world = createWorld()
    for (let i = 0; i < 20; i++) {
      world.inner.fail('write', { times: 4 })
      for (let n = 0; n < 4; n++) await codeOf(write(world))
      await world.store.write(anId(), {})
    }
    expect(world.kinds()).toEqual([])
  })

  test('does not open for a store that answers with a refusal', async () => {
    const world = createWorld()
    for (const code of ['ERR_STORE_FULL', 'ERR_CLOSED', 'ERR_OPTION', 'ERR_RECORD_DAMAGED'] as const) {
      world.inner.fail('write', { times: 5, error: new SessionError(code) })
      for (let i = 0; i < 5; i++) expect(await codeOf(write(world))).toBe(code)
    }
    expect(world.kinds()).toEqual([])
  })

  test('does not open for one user’s damaged record, however often that user comes', async () => {
    const path = join(folder, 'damaged')
    const store = resilientStore(lmdbStore({ path }))
    const [damaged, other] = [aRecord({ userId: 'eve' }), aRecord({ userId: 'ada' })]
    for (const record of [damaged, other]) await store.create(record)
    const { root, records } = openEnvironment(path)
    await records.put(damaged.id, 'torn')
    for (let visit = 0; visit < 20; visit++) {
      const visits = [() => store.read(damaged.id), () => store.write(damaged.id, {})]
      expect(await Promise.all(visits.map(codeOf))).toEqual(Array(2).fill('ERR_RECORD_DAMAGED'))
      expect(await store.list('eve')).toEqual([{ kind: 'damaged', id: damaged.id }])
      expect(await store.read(other.id)).toEqual(other)
    }
    await root.close()
    await store.close()
  })

  test('lets one call at a time through after a pause, and closes when it is answered', async () => {
    const world = createWorld()
    await hang(world)
    world.time.advance(100)
    const gate = world.inner.hold('read')
    const probing = codeOf(read(world))
    await gate.reached
    expect(await Promise.all([codeOf(read(world)), codeOf(write(world))])).toEqual(
      Array(2).fill('ERR_STORE_UNAVAILABLE'),
    )
    gate.release()
    expect(await probing).toBeNull()
    expect(await codeOf(write(world))).toBeNull()
    expect(world.kinds().slice(-2)).toEqual(['half-open', 'closed'])
  })

  test('waits longer after each failed probe, but never longer than the longest pause', async () => {
    const world = createWorld()
    await hang(world)
    world.inner.fail('read', { times: 1000 })
    const pauses: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      const calls = world.inner.count('read')
      let ms = 0
      for (; world.inner.count('read') === calls; ms += 50) {
        world.time.advance(50)
        await codeOf(read(world))
      }
      pauses.push(ms)
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000])
  })

  test('half of each pause is chance: nodes do not come back at one moment', async () => {
    for (const [chance, ms] of [
      [0, 50],
      [0.5, 75],
    ] as const) {
      const world = createWorld()
      world.time.chance = chance
      await hang(world)
      world.time.advance(ms - 1)
      expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
      world.time.advance(1)
      expect(await codeOf(read(world))).toBeNull()
    }
  })

  test('is back within five seconds of a store that is, at the worst moment', async () => {
    const world = createWorld()
    await hang(world)
    world.inner.fail('read', { times: 6 })
    let downMs = 0
    for (; world.inner.count('read') < 6; downMs += 10) {
      world.time.advance(10)
      await codeOf(read(world))
    }
    let ms = 0
    for (; (await codeOf(read(world))) !== null; ms += 10) world.time.advance(10)
    expect(downMs).toBeGreaterThan(3000)
    expect(ms).toBeLessThanOrEqual(2000)
  })

  test('opens for a store that throws at once, and for one that says ERR_STORE', async () => {
    for (const error of [new Error('x'), new SessionError('ERR_STORE')]) {
      const throwing = (): never => {
        throw error
      }
      const store = resilientStore({ ...memoryStore(), write: throwing }, { failures: 2 })
      const codes = [1, 2, 3].map(() => codeOf(() => store.write(anId(), {})))
      expect((await Promise.all(codes))[2]).toBe('ERR_STORE_UNAVAILABLE')
    }
  })

  test('begins anew once it has closed: as many failures as ever, and the first pause', async () => {
    const world = createWorld()
    await hang(world)
    world.inner.fail('read', { times: 3 })
    for (let i = 0; i < 3; i++) {
      world.time.advance(2000)
      await codeOf(read(world))
    }
    world.time.advance(2000)
    expect(await codeOf(read(world)), 'closed').toBeNull()
    world.inner.fail('write', { times: 5 })
    for (let i = 0; i < 5; i++) expect(await codeOf(write(world))).toBe('Error: connection reset')
    world.time.advance(99)
    expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
    world.time.advance(1)
    expect(await codeOf(read(world))).toBeNull()
  })

  test('opens once for a crowd that fails together', async () => {
    const world = createWorld()
    world.inner.fail('write', { times: 50 })
    await Promise.all(Array.from({ length: 50 }, () => codeOf(write(world))))
    expect(world.kinds()).toEqual(['open'])
    world.time.advance(100)
    expect(await codeOf(read(world))).toBeNull()
  })

  test('is not closed, nor kept open, by answers to calls from before', async () => {
    const world = createWorld()
    const gate = world.inner.hold('list')
    const old = codeOf(() => world.store.list('ada'))
    await gate.reached
    world.inner.fail('write', { times: 5 })
    for (let i = 0; i < 5; i++) await codeOf(write(world))
    gate.release()
    expect(await old).toBeNull()
    expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
  })
})

describe('no retry storm', () => {
  test('a write is never tried twice: the first may have been done', async () => {
    const world = createWorld()
    const record = aRecord()
    for (const call of [
      () => world.store.write(record.id, {}),
      () => world.store.end(record.id, aTombstone(record)),
      () => world.store.create(record),
    ]) {
      for (const operation of ['write', 'end', 'create'] as const) world.inner.fail(operation)
      const calls = world.inner.calls.length
      await codeOf(call)
      expect(world.inner.calls.length - calls).toBe(1)
      for (const operation of ['write', 'end', 'create'] as const) world.inner.replace(operation, () => null)
    }
  })

  test('a read that failed is tried once more, for a connection that had been closed', async () => {
    const world = createWorld()
    world.inner.fail('read')
    expect(await codeOf(read(world))).toBeNull()
    world.inner.fail('read', { times: 2 })
    expect(await codeOf(read(world))).toBe('Error: connection reset')
    expect(world.inner.count('read')).toBe(4)
  })

  test('a read that opens the breaker rejects with what the store said', async () => {
    const world = createWorld({ failures: 1 })
    world.inner.fail('read', { times: 2 })
    expect(await codeOf(read(world))).toBe('Error: connection reset')
    expect(world.kinds()).toEqual(['open'])
  })

  test('reads that all wait on one connection that closes do not open the breaker: the store is up', async () => {
    const world = createWorld()
    world.inner.fail('read', { times: 20 })
    expect(await Promise.all(Array.from({ length: 20 }, () => codeOf(read(world))))).toEqual(Array(20).fill(null))
    expect(world.kinds()).toEqual([])
  })

  test('a read that fails twice counts as one failed call', async () => {
    const world = createWorld()
    world.inner.fail('read', { times: 10 })
    for (let i = 0; i < 5; i++) {
      expect(world.kinds()).toEqual([])
      expect(await codeOf(read(world))).toBe('Error: connection reset')
    }
    expect(world.kinds()).toEqual(['open'])
    expect(world.inner.count('read')).toBe(10)
  })

  test('a probe that fails is not repeated', async () => {
    const world = createWorld({ failures: 1 })
    world.inner.fail('read', { times: 3 })
    await codeOf(read(world))
    world.time.advance(100)
    expect(await codeOf(read(world))).toBe('Error: connection reset')
    expect(world.inner.count('read')).toBe(3)
    expect(world.kinds()).toEqual(['open', 'half-open', 'open'])
  })

  test('but not after a time limit, and not when the breaker has opened', async () => {
    const world = createWorld()
    world.inner.hold('read')
    const reading = codeOf(read(world))
    await settle()
    world.time.advance(2001)
    expect(await reading).toBe('ERR_STORE_TIMEOUT')
    expect(world.inner.count('read')).toBe(1)
    world.inner.fail('read', { times: 100 })
    for (let i = 0; i < 20; i++) await codeOf(read(world))
    // The one above, and four that failed twice. Then it is open.
    expect(world.inner.count('read')).toBe(9)
  })
})

describe('calls in flight', () => {
  test('have a bound: what comes on top is refused at once, and told once', async () => {
    const world = createWorld({ maxInFlight: 2 })
    const gates = [world.inner.hold('read'), world.inner.hold('read')]
    const waiting = gates.map(() => codeOf(read(world)))
    await settle()
    expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
    expect(await codeOf(write(world))).toBe('ERR_STORE_UNAVAILABLE')
    expect(world.inner.calls).toHaveLength(2)
    expect(world.kinds()).toEqual(['overload'])
    for (const gate of gates) gate.release()
    expect(await Promise.all(waiting)).toEqual([null, null])
    expect(await codeOf(read(world))).toBeNull()
  })

  test('that were given up make room: a store that never answers does not close the door for good', async () => {
    const world = createWorld({ maxInFlight: 2, failures: 100 })
    for (let round = 0; round < 5; round++) {
      world.inner.hold('read')
      world.inner.hold('read')
      const waiting = [codeOf(read(world)), codeOf(read(world))]
      await settle()
      world.time.advance(2001)
      expect(await Promise.all(waiting)).toEqual(Array(2).fill('ERR_STORE_TIMEOUT'))
    }
    expect(await codeOf(read(world))).toBeNull()
  })
})

test('an answer that comes after its limit makes no more room', async () => {
  const world = createWorld({ maxInFlight: 2 })
  const gates = [world.inner.hold('read'), world.inner.hold('read')]
  const early = gates.map(() => codeOf(read(world)))
  await settle()
  world.time.advance(2001)
  await Promise.all(early)
  for (const gate of gates) gate.release()
  await settle()
  world.inner.hold('read')
  world.inner.hold('read')
  void [codeOf(read(world)), codeOf(read(world))]
  await settle()
  expect(await codeOf(read(world))).toBe('ERR_STORE_UNAVAILABLE')
})

describe('7 Fail closed, through node:http', () => {
  const servers: (() => void)[] = []
  afterEach(() => {
    for (const stop of servers.splice(0)) stop()
  })

  async function serve(store: Store, codes: unknown[]): Promise<string> {
    const sessions = createSessions({ store, warn: () => undefined })
    sessions.on('fault', ({ error }) => codes.push((error as SessionError).code))
    const handler = withNodeSession(sessions, (_, response, session) => {
      response.end(session.userId ?? 'nobody')
    })
    const server = createServer((request, response) => void handler(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(() => server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  test('a store that does not answer: 503 with Retry-After, and no cookie', async () => {
    const hanging: Store = { ...memoryStore(), read: () => new Promise(() => undefined) }
    const codes: unknown[] = []
    const url = await serve(resilientStore(hanging, { timeout: 20, failures: 2 }), codes)
    for (let i = 0; i < 3; i++) {
      const response = await fetch(url, { headers: SOME_TOKEN })
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(response.headers.get('set-cookie')).toBeNull()
    }
    // A request may also read the marker of `endAll`, so the second failure may be the first request's.
    expect(codes[0]).toBe('ERR_STORE_TIMEOUT')
    expect(['ERR_STORE_TIMEOUT', 'ERR_STORE_UNAVAILABLE']).toContain(codes[1])
    expect(codes[2]).toBe('ERR_STORE_UNAVAILABLE')
    expect((await fetch(url)).status, 'a visitor without a cookie').toBe(200)
  })
})

test('options that are wrong are refused at once', () => {
  for (const options of [
    { timeout: '0s' },
    { failures: 0 },
    { maxInFlight: 0.5 },
    { pause: 'soon' },
    { pause: '3s', maxPause: '2s' },
  ]) {
    expect(() => resilientStore(memoryStore(), options as ResilientStoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION' }),
    )
  }
})
