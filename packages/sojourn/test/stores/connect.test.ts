import { createRequire } from 'node:module'
import { runCases, type StoreContext, storeCases } from '@sojourn/conformance'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Store } from '../../src/core/contracts/store.ts'
import { createSessions } from '../../src/index.ts'
import { connectStore, type ExpressStore } from '../../src/stores/connect.ts'
import { testCases } from '../support/run-cases.ts'
import { overlappingRequests } from './overlapping-requests.ts'
import { parallelCalls } from './parallel-calls.ts'
import { aRecord, aTombstone } from './records.ts'

const require = createRequire(import.meta.url)
const { MemoryStore } = require('express-session') as { MemoryStore: new () => ExpressStore & { sessions: object } }

/** The answer, or the error. */
function settled(answer: unknown): Promise<unknown> {
  return Promise.resolve(answer).catch((error: unknown) => error)
}

const inner = new WeakMap<Store, InstanceType<typeof MemoryStore>>()
function open(): Store {
  const memory = new MemoryStore()
  const store = connectStore({ store: memory })
  inner.set(store, memory)
  return store
}

const one = 'between processes the bridge promises nothing, and says so'

testCases("connect: express-session's MemoryStore", storeCases, {
  createStore: open,
  probe: (store) => Object.values(inner.get(store)?.sessions ?? {}).map(String),
  damage(store, id) {
    const sessions = (inner.get(store)?.sessions ?? {}) as Record<string, string>
    sessions[id] = JSON.stringify({ cookie: { path: '/' }, sojourn: '{"later' })
  },
  without: {
    second: one,
    reopen: 'memory ends with its process',
    sever: 'there is nothing between the store and its data',
    sweeps: 'each store expires in its own way',
    scans: 'Express-style stores cannot enumerate page by page',
  },
} satisfies StoreContext)

describe('in one process', () => {
  test('parallel calls answer as in some order of them', () => fc.assert(parallelCalls(open), { numRuns: 60 }))

  test('overlapping requests leave what their user expects', () =>
    fc.assert(overlappingRequests(accepted), { numRuns: 40 }))
})

/** For the schedules, which make sessions of their own. */
function accepted(): Store {
  const { lacks: _, ...store } = open()
  return store
}

describe('guarantees that it lacks', () => {
  const store = connectStore({ store: new MemoryStore() })

  test('is refused, each with its reason, until it is accepted by name', () => {
    const refused = {
      code: 'ERR_OPTION',
      message: expect.stringMatching(/ended: .*lost-update: .*fresh-token: .*list: /),
    }
    expect(() => createSessions({ store })).toThrow(expect.objectContaining(refused))
    const insecureStoreLacks = ['ended', 'lost-update', 'fresh-token', 'list'] as const
    expect(() => createSessions({ store, insecureStoreLacks })).not.toThrow()
    expect(() => createSessions({ store, insecureStoreLacks: insecureStoreLacks.slice(1) })).toThrow()
  })

  test('it cannot promise indeed: two processes lose updates, and bring back what ended', async () => {
    const cases = storeCases.filter(({ name }) => /other handle|on one server|two handles|another server/.test(name))
    expect(cases.length).toBeGreaterThan(0)
    const results = await runCases(cases, {
      createStore: open,
      second: (first) => connectStore({ store: inner.get(first) as ExpressStore }),
    })
    expect(results.some(({ status }) => status === 'failed')).toBe(true)
  })
})

describe('values of an Express-style store', () => {
  test('an error fails the call, and never means that nothing is there [7 Fail closed]', async () => {
    const fail = (...args: unknown[]): void => void (args.at(-1) as (error: Error) => void)(new Error('down'))
    const store = connectStore({ store: { get: fail, set: fail, destroy: fail } })
    const record = aRecord({ userId: 'ada' })
    const calls = [
      () => store.read(record.id),
      () => store.create(record),
      () => store.write(record.id, {}),
      () => store.end(record.id, aTombstone(record)),
      () => store.list('ada'),
    ]
    for (const call of calls) await expect((async () => call())()).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  test('a missing file is a missing session, as for express-session', async () => {
    const missing = Object.assign(new Error('no file'), { code: 'ENOENT' })
    const memory = new MemoryStore()
    const store = connectStore({
      store: { get: (_, done) => done(missing), set: memory.set.bind(memory), destroy: memory.destroy.bind(memory) },
    })
    expect(await store.read(aRecord().id)).toBeNull()
  })

  test('a session of other software, or a damaged one, fails the call, and is not quoted', async () => {
    const memory = new MemoryStore()
    const store = connectStore({ store: memory })
    const cookie = { originalMaxAge: 60_000, expires: new Date(Date.now() + 60_000) }
    for (const session of [
      { cookie, name: 'private' },
      { cookie, sojourn: '{"private' },
    ]) {
      const { id } = aRecord()
      await new Promise<void>((resolve) => memory.set(id, session, () => resolve()))
      const error = await Promise.resolve(store.read(id)).catch((found: unknown) => found as Error)
      expect(error).toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
      expect(`${(error as Error).stack}${String((error as Error).cause)}`).not.toContain('private')
    }
  })

  test('a call that is never answered fails in the end, and keeps no later call of that session waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const memory = new MemoryStore()
      let isMute = false
      const set: ExpressStore['set'] = (sid, session, done) => isMute || memory.set(sid, session, done)
      const store = connectStore({
        store: { get: memory.get.bind(memory), set, destroy: memory.destroy.bind(memory) },
      })
      const record = aRecord({ userId: 'ada' })
      await store.create(record)
      isMute = true
      const lost = settled(store.write(record.id, { set: { a: '1' } }))
      await vi.advanceTimersByTimeAsync(1000)
      isMute = false
      const logout = settled(store.end(record.id, aTombstone(record)))
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await lost).toMatchObject({ code: 'ERR_STORE_TIMEOUT' })
      expect(await logout).toEqual(record)
      expect(await settled(store.read(record.id))).toEqual(aTombstone(record))
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('a damaged list of a user is an error when it is read, but does not prevent a login', async () => {
    const memory = new MemoryStore()
    const store = connectStore({ store: memory })
    const [one, two] = [aRecord({ userId: 'ada' }), aRecord({ userId: 'ada' })]
    await store.create(one)
    const key = Object.keys(memory.sessions).find((each) => each.startsWith('user.')) ?? ''
    for (const sojourn of ['{"private', '{"private":1}', '[["private"]]', 'null']) {
      await new Promise<void>((resolve) => memory.set(key, { cookie: {}, sojourn }, () => resolve()))
      await expect((async () => store.list('ada'))()).rejects.toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
    }
    expect(await store.end(one.id, aTombstone(one))).toEqual(one)
    await expect((async () => store.list('ada'))()).rejects.toMatchObject({ code: 'ERR_RECORD_DAMAGED' })
    expect(await store.create(two)).toBe(true)
    expect(await store.list('ada')).toEqual([two])
  })

  test('a value that is not a store is an option error', () => {
    for (const none of [undefined, null, {}, { get: () => undefined }]) {
      expect(() => connectStore({ store: none as never })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  })
})
