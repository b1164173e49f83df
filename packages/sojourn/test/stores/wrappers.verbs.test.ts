import { createSessions } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { migrate, movingStore } from 'sojourn/stores/migrate'
import { nearCache } from 'sojourn/stores/near-cache'
import { resilientStore } from 'sojourn/stores/resilient'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, test } from 'vitest'
import type { SessionId, SessionRecord, Tombstone } from '../../src/core/contracts/record.ts'
import type { Change, Store, StoreEvent } from '../../src/core/contracts/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { anId, aRecord, aTombstone, NOW } from './records.ts'
import { createTime, settle } from './wrappers/time.ts'

const WRAPPERS: readonly (readonly [string, (store: Store) => Store])[] = [
  ['a near cache', (store) => nearCache(store, { bus: memoryBus() })],
  ['a resilient store', (store) => resilientStore(store)],
  ['write-behind', (store) => writeBehind(store)],
  ['a moving store, of what is moved to', (store) => movingStore({ from: memoryStore(), to: store })],
  ['a moving store, of what is left', (store) => movingStore({ from: store, to: memoryStore(), moves: false })],
]

/** A store as a class, as an author outside might write it: a verb without its `this` fails. */
class OwnStore implements Store {
  readonly name = 'own'
  readonly inner = memoryStore()
  readonly asked: string[] = []
  constructor(with_: Partial<Pick<Store, 'sweep' | 'scan' | 'setup' | 'readNow'>> = {}) {
    Object.assign(this, with_)
  }
  read(id: SessionId) {
    this.asked.push('read')
    return this.inner.read(id)
  }
  create(record: SessionRecord) {
    this.asked.push('create')
    return this.inner.create(record)
  }
  write(id: SessionId, change: Change) {
    this.asked.push('write')
    return this.inner.write(id, change)
  }
  end(id: SessionId, tombstone: Tombstone) {
    this.asked.push('end')
    return this.inner.end(id, tombstone)
  }
  list(userId: string) {
    this.asked.push('list')
    return this.inner.list(userId)
  }
  close() {
    this.asked.push('close')
  }
}

/** All the optional verbs, as methods that need their `this` too. */
const OPTIONAL = {
  setup(this: OwnStore) {
    this.asked.push('setup')
  },
  sweep(this: OwnStore, now: number, limit: number) {
    this.asked.push('sweep')
    return this.inner.sweep?.(now, limit) ?? 0
  },
  scan(this: OwnStore, cursor: string | null, limit: number) {
    this.asked.push('scan')
    return this.inner.scan?.(cursor, limit) ?? { values: [], next: null }
  },
  readNow(this: OwnStore, id: SessionId) {
    this.asked.push('readNow')
    return this.inner.read(id)
  },
} as unknown as Required<Pick<Store, 'sweep' | 'scan' | 'setup' | 'readNow'>>

describe.each(WRAPPERS)('around a store of one’s own, %s', (name, wrap) => {
  const isMoving = name.startsWith('a moving store')

  test('passes on each verb, with what it is a method of', async () => {
    const own = new OwnStore(OPTIONAL)
    const store = wrap(own)
    const record = aRecord({ userId: 'ada' })
    await store.setup?.()
    expect(await store.create(record)).toBe(true)
    expect(await store.read(record.id)).toEqual(record)
    expect(await store.write(record.id, { set: { a: '1' } })).toEqual({ status: 'written' })
    expect(await store.list('ada')).toEqual([{ ...record, data: { a: '1' } }])
    if (!isMoving) {
      expect(await store.readNow?.(record.id)).toMatchObject({ data: { a: '1' } })
      expect(await store.scan?.(null, 10)).toMatchObject({ values: [{ id: record.id }] })
    }
    expect(await store.end(record.id, aTombstone(record))).toMatchObject({ data: { a: '1' } })
    expect(await store.sweep?.(NOW - 1, 10)).toBe(0)
    await store.close()
    for (const verb of ['setup', 'create', 'read', 'write', 'list', 'end', 'sweep', 'close'])
      expect(own.asked, verb).toContain(verb)
  })

  test('tells core of a failover, as often as it is listened to, and stops with it', async () => {
    const heard = new Set<(event: StoreEvent) => void>()
    const own = Object.assign(new OwnStore(), {
      observe(this: OwnStore, listener: (event: StoreEvent) => void) {
        this.asked.push('observe')
        heard.add(listener)
        return () => void heard.delete(listener)
      },
    })
    const store = wrap(own)
    const events: StoreEvent[] = []
    const stop = store.observe?.((event) => events.push(event))
    const sessions = createSessions({ store, warn: () => {} })
    sessions.on('store', (event) => events.push(event))
    for (const listener of heard) listener({ name: 'own', kind: 'failover' })
    expect(events).toMatchObject([{ kind: 'failover' }, { type: 'store', kind: 'failover' }])
    stop?.()
    expect(heard.size).toBe(1)
    await sessions.close()
  })

  test('makes the tables', async () => {
    const own = new OwnStore(OPTIONAL)
    await wrap(own).setup?.()
    expect(own.asked).toEqual(['setup'])
  })

  test('has no verb to sweep or to enumerate with when the store has none, and still can be set up and closed', async () => {
    const store = wrap(new OwnStore())
    expect(store.scan).toBeUndefined()
    if (!isMoving) expect(store.sweep).toBeUndefined()
    else expect(await store.sweep?.(NOW, 10)).toBe(0)
    await store.setup?.()
    await store.close()
  })

  test('that cannot enumerate, a migration fails before it changes anything', async () => {
    const own = new OwnStore()
    const refused = expect.objectContaining({
      code: 'ERR_OPTION',
      message: expect.stringContaining('has no scan'),
    })
    await expect(migrate(wrap(own), memoryStore())).rejects.toEqual(refused)
    expect(own.asked).toEqual([])
  })
})

describe('a moving store between two that differ', () => {
  test('sweeps the one that can be swept, whichever that is', async () => {
    for (const sides of [
      { from: new OwnStore(OPTIONAL), to: new OwnStore() },
      { from: new OwnStore(), to: new OwnStore(OPTIONAL) },
    ]) {
      const store = movingStore(sides)
      for (const side of [sides.from, sides.to])
        for (let count = 0; count < 3; count++) await side.inner.create(aRecord({ expiresAt: NOW }))
      expect(await store.sweep?.(NOW, 2)).toBe(2)
      expect(await store.sweep?.(NOW, 10)).toBe(1)
    }
  })

  test('shares one limit between the two sweeps', async () => {
    const [from, to] = [new OwnStore(OPTIONAL), new OwnStore(OPTIONAL)]
    for (const side of [from, to])
      for (let count = 0; count < 3; count++) await side.inner.create(aRecord({ expiresAt: NOW }))
    const store = movingStore({ from, to })
    expect(await store.sweep?.(NOW, 3)).toBe(3)
    expect(to.asked, 'the limit is used up').toEqual([])
    expect(await store.sweep?.(NOW, 10)).toBe(3)
    expect(await store.sweep?.(NOW, 10)).toBe(0)
  })

  test('is not swept where neither can be', () => {
    expect(movingStore({ from: new OwnStore(), to: new OwnStore() }).sweep).toBeUndefined()
  })
})

describe('events of a resilient store', () => {
  const VERBS = ['create', 'read', 'write', 'end', 'list', 'readNow', 'sweep', 'scan'] as const

  function createHung(options: Parameters<typeof resilientStore>[1] = {}) {
    const time = createTime()
    const hung = Object.fromEntries(VERBS.map((verb) => [verb, () => new Promise(() => undefined)]))
    const inner = { ...memoryStore(), name: 'hung', ...hung } as Store
    const store = resilientStore(inner, { timing: time.timing, failures: 1000, ...options })
    const events: StoreEvent[] = []
    store.observe?.((event) => events.push(event))
    return { time, store, events }
  }

  function call(store: Store, verb: (typeof VERBS)[number]): Promise<unknown> {
    const record = aRecord()
    const calls = {
      create: () => store.create(record),
      read: () => store.read(record.id),
      write: () => store.write(record.id, {}),
      end: () => store.end(record.id, aTombstone(record)),
      list: () => store.list('ada'),
      readNow: () => store.readNow?.(anId()),
      sweep: () => store.sweep?.(NOW, 1),
      scan: () => store.scan?.(null, 1),
    }
    return (async () => calls[verb]())().then(
      () => 'no error',
      (error: unknown) => error,
    )
  }

  test.each(VERBS)('name %s as the call that took too long', async (verb) => {
    const { time, store, events } = createHung()
    const waiting = call(store, verb)
    await settle()
    time.advance(2001)
    expect(await waiting).toMatchObject({
      code: 'ERR_STORE_TIMEOUT',
      message: expect.stringContaining(`hung: no answer to ${verb} in 2000 ms`),
    })
    expect(events).toEqual([{ name: 'hung', kind: 'timeout', operation: verb }])
  })

  test.each(VERBS)('name %s as the call that was one too many', async (verb) => {
    const { store, events } = createHung({ maxInFlight: 1 })
    void call(store, 'list')
    expect(await call(store, verb)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(events).toEqual([{ name: 'hung', kind: 'overload', operation: verb }])
  })

  test('tell of each overload once, and of a new one again', async () => {
    const { time, store, events } = createHung({ maxInFlight: 2 })
    for (let round = 0; round < 2; round++) {
      const waiting = [call(store, 'read'), call(store, 'read')]
      await Promise.all([call(store, 'read'), call(store, 'read')])
      time.advance(2001)
      await Promise.all(waiting)
    }
    expect(events.filter(({ kind }) => kind === 'overload')).toHaveLength(2)
  })
})

test('a pause that does not grow is allowed', () => {
  expect(() => resilientStore(memoryStore(), { pause: '1s', maxPause: '1s' })).not.toThrow()
  expect(() => resilientStore(memoryStore(), { pause: '2s', maxPause: '1s' })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  )
})
