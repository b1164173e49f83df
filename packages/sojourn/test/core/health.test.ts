import { memoryStore, type Store } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, DAY, rejection } from './kit.ts'

const down = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379'))
const silent = (): Promise<never> => new Promise(() => {})

describe('sessions.setup', () => {
  it('prepares the store and whatever is around it, as often as it is called', async () => {
    const calls: string[] = []
    const store: Store = { ...memoryStore(), setup: async () => void calls.push('setup') }
    const { sessions } = createWorld()
    await sessions.setup()
    const node = createWorld().node({ store })
    await node.setup()
    await node.setup()
    expect(calls).toEqual(['setup', 'setup'])
  })

  it('rejects when the application starts, if the store cannot be reached, with the reason', async () => {
    const world = createWorld()
    for (const store of [
      { ...memoryStore(), setup: down },
      { ...memoryStore(), read: down },
    ]) {
      const error = await rejection(world.node({ store }).setup())
      expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: 'connect ECONNREFUSED 127.0.0.1:6379' } })
    }
    expect(world.eventsOf('fault').map(({ operation }) => operation)).toEqual(['setup', 'read'])
  })
})

describe('sessions.health', () => {
  it('is a value that a health check can send', async () => {
    const { sessions } = createWorld()
    const health = await sessions.health()
    expect(health).toEqual({ ok: true, store: 'memory', latencyMs: expect.any(Number) })
    expect(health.latencyMs).toBeGreaterThanOrEqual(0)
  })

  it('resolves in an outage, with the code', async () => {
    const world = createWorld()
    const node = world.node({ store: { ...memoryStore(), read: down } })
    expect(await node.health()).toMatchObject({ ok: false, store: 'memory', code: 'ERR_STORE' })
    await node.close()
    expect(await node.health()).toMatchObject({ ok: false, code: 'ERR_CLOSED' })
  })

  it('does not wait longer than it may for a store that hangs', async () => {
    const node = createWorld().node({ store: { ...memoryStore(), read: silent } })
    expect(await node.health({ timeout: 20 })).toMatchObject({ ok: false, code: 'ERR_STORE_TIMEOUT' })
  })

  it('asks the store itself, past a cache', async () => {
    const world = createWorld()
    const node = world.node({ store: { ...memoryStore(), readNow: down } })
    expect(await node.health()).toMatchObject({ ok: false, code: 'ERR_STORE' })
  })

  it.each([{ timeout: 'soon' }, { timeOut: 5 }])('refuses wrong options: %j', async (options) => {
    expect(await rejection(createWorld().sessions.health(options as never))).toMatchObject({ code: 'ERR_OPTION' })
  })
})

describe('sessions.all and sessions.count', () => {
  async function crowd() {
    const world = createWorld()
    for (let i = 0; i < 5; i++) await world.client().send((session) => session.login(`user ${i}`))
    await world.client().send((session) => void Object.assign(session.data, { a: 1 }))
    await world.sessions.revokeAll('user 3')
    return world
  }

  it('show every live session, and neither ended nor expired ones', async () => {
    const world = await crowd()
    const users: (string | null)[] = []
    for await (const session of world.sessions.all()) users.push(session.userId)
    expect(users.sort()).toEqual(['user 0', 'user 1', 'user 2', 'user 4', null].sort())
    expect(await world.sessions.count()).toBe(5)
    world.clock.advance(DAY)
    for await (const session of world.sessions.all()) expect(session).toBeUndefined()
    expect(await world.sessions.count()).toBe(0)
  })

  it('read page by page, and a loop that stops early reads no further', async () => {
    const world = await crowd()
    const cursors: (string | null)[] = []
    const store: Store = {
      ...world.store,
      scan(cursor) {
        cursors.push(cursor)
        return world.store.scan?.(cursor, 2) ?? { values: [], next: null }
      },
    }
    const node = world.node({ store })
    expect(await node.count()).toBe(5)
    expect(cursors).toHaveLength(3)
    for await (const session of node.all()) {
      expect(session.id).toBeTypeOf('string')
      break
    }
    expect(cursors).toHaveLength(4)
  })

  it('reject if the store cannot enumerate', async () => {
    const { scan: _, ...store } = memoryStore()
    const node = createWorld().node({ store })
    expect(await rejection(node.count())).toMatchObject({ code: 'ERR_UNSUPPORTED' })
    expect(
      await rejection(async () => {
        for await (const _ of node.all()) break
      }),
    ).toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })

  it('7 Fail closed: an outage in the middle is an error, and no smaller number', async () => {
    const world = await crowd()
    const store: Store = {
      ...world.store,
      scan: (cursor) => (cursor === null ? { values: [], next: 'x' } : down()),
    }
    expect(await rejection(world.node({ store }).count())).toMatchObject({ code: 'ERR_STORE' })
  })
})
