import { cookieCarrier, type MaybePromise, memoryStore, type Store } from 'sojourn'
import { vouch } from 'sojourn/carriers/kit'
import { describe, expect, it } from 'vitest'
import { ERA_ID } from '../../src/core/request/eras.ts'
import { createClient, createWorld, DAY, edit, HOUR, MINUTE, rejection, type TestData, type World } from './kit.ts'
import { at, endAll, login, markedStore, pass, useTime, WAIT, whoIs } from './kit-end-all.ts'
import { bothCarriers, createOldLibrary, OLD_NAME } from './old-library.ts'

useTime()

describe('endAll', () => {
  it('once it resolves, no server opens a session from before, and a login works at once on each', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    const visitor = createClient(two)
    await visitor.send(edit({ cart: ['lamp'] }))
    expect(await whoIs(at(two, ada))).toBe('ada')
    expect(await endAll(world)).toBe(2)
    for (const sessions of [world.sessions, two]) {
      expect(await whoIs(at(sessions, ada))).toBe('ended')
      expect(await whoIs(at(sessions, visitor))).toBe('ended')
      const bob = await login(sessions, 'bob')
      for (const other of [world.sessions, two]) expect(await whoIs(at(other, bob))).toBe('bob')
    }
  })

  it('resolves only when the last server has stopped relying on what it read before', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    expect(await whoIs(at(two, ada))).toBe('ada')
    let isDone = false
    void world.sessions.endAll({ reason: 'breach' }).then(() => {
      isDone = true
    })
    await pass(world, 900)
    expect(await whoIs(ada), 'this server knows at once').toBe('ended')
    expect(await whoIs(at(two, ada)), 'the other one is within its lease').toBe('ada')
    expect(isDone).toBe(false)
    await pass(world, 1_100)
    expect(await whoIs(at(two, ada))).toBe('ended')
    expect(isDone).toBe(false)
    await pass(world, 200)
    expect(isDone).toBe(true)
  })

  it('what it ends is shown nowhere, and neither is its own record', async () => {
    const world = createWorld()
    const { scan: _, ...unscanned } = world.store
    const ada = await login(world.sessions)
    await ada.send(edit({ note: 'x' }))
    // The records stay, because this store cannot enumerate.
    expect(await endAll(world, world.node({ store: unscanned }))).toBe(0)
    const { sessions } = world
    await pass(world, WAIT)
    expect(await sessions.list('ada')).toEqual([])
    expect((await sessions.scan()).sessions).toEqual([])
    expect(await sessions.count()).toBe(0)
    expect(await sessions.revokeAll('ada')).toBe(0)
    expect(await sessions.revoke(ERA_ID), 'nor can anybody end the marker').toBe(false)
    await login(sessions)
    expect(await sessions.count()).toBe(1)
  })

  it('an export has what it ended, while that is still held', async () => {
    const world = createWorld()
    const { scan: _, ...unscanned } = world.store
    const ada = await login(world.sessions)
    await ada.send(edit({ note: 'x' }))
    await endAll(world, world.node({ store: unscanned }))
    await pass(world, WAIT)
    expect((await world.sessions.export('ada')).sessions).toMatchObject([{ data: { note: 'x' } }])
    await world.sessions.erase('ada')
    expect((await world.sessions.export('ada')).sessions).toEqual([])
  })

  it('erase deletes the data of sessions that it ended', async () => {
    const world = createWorld()
    const { scan: _, ...unscanned } = world.store
    const ada = await login(world.sessions)
    await ada.send(edit({ note: 'private' }))
    await endAll(world, world.node({ store: unscanned }))
    await world.sessions.erase('ada')
    expect(JSON.stringify(await world.store.scan?.(null, 100))).not.toContain('private')
  })

  it('reports each session that it ended, with the reason, and calls watchers back on both servers', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    const id = (await ada.open()).session.id
    const ends: string[] = []
    world.sessions.watch(id, (reason) => ends.push(`one ${reason}`))
    two.watch(id, (reason) => ends.push(`two ${reason}`))
    await endAll(world)
    await pass(world, 5_000)
    expect(ends.sort()).toEqual(['one breach', 'two breach'])
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'breach' }])
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'breach' })
  })

  it('calls watchers of its own process back at once, whatever becomes of the records', async () => {
    const store = markedStore(memoryStore())
    const world = createWorld()
    const node = world.node({ store })
    const ada = await login(node)
    const ends: string[] = []
    node.watch((await ada.open()).session.id, (reason) => ends.push(reason))
    void node.endAll({ reason: 'breach' })
    await pass(world, 10)
    expect(ends).toEqual(['breach'])
  })

  it('a logout in flight reports the end once, with the reason of endAll', async () => {
    const store = markedStore(memoryStore())
    const world = createWorld()
    const node = world.node({ store })
    const ada = await login(node)
    const { session } = await ada.open()
    const { id } = session
    await endAll(world, node)
    await session.logout()
    await session.logout()
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'breach' }])
    expect(await store.read(id)).toMatchObject({ kind: 'ended' })
  })

  it('a second one ends what began after the first, also when both run at once', async () => {
    const world = createWorld()
    const two = world.node()
    await endAll(world)
    const ada = await login(two)
    await Promise.all([endAll(world), endAll(world, two, 'again')])
    for (const sessions of [world.sessions, two]) expect(await whoIs(at(sessions, ada))).toBe('ended')
    const bob = await login(two, 'bob')
    for (const sessions of [world.sessions, two]) expect(await whoIs(at(sessions, bob))).toBe('bob')
  })

  it('the marker outlives every sweep, and a session that may last a hundred years', async () => {
    const world = createWorld({ timeouts: { idle: '5200w', absolute: '5200w' } })
    const { scan: _, ...unscanned } = world.store
    const ada = await login(world.sessions)
    await endAll(world, world.node({ store: unscanned }))
    world.clock.advance(99 * 364 * DAY)
    const swept = world.sessions.sweep()
    await pass(world, 10)
    await swept
    expect(await whoIs(at(world.node({ store: unscanned }), ada))).toBe('ended')
  })

  it('keeps an open session open through renewals, rotations and proofs in the new era', async () => {
    const world = createWorld()
    await endAll(world)
    const ada = await login(world.sessions)
    await ada.send((session) => session.rotate())
    await ada.send((session) => session.reauthenticated())
    for (let i = 0; i < 10; i++) {
      world.clock.advance(20 * MINUTE)
      await ada.send((session) => session.update('n', (n) => ((n as number | undefined) ?? 0) + 1))
    }
    expect(world.eventsOf('renewed').length).toBeGreaterThan(0)
    expect(await whoIs(ada)).toBe('ada')
  })

  it('refuses a store that may lose writes or return old values, and never reads a marker there', async () => {
    for (const lack of ['ended', 'lost-update'] as const) {
      const store = markedStore({ ...memoryStore(), lacks: { [lack]: 'It does.' } })
      const world = createWorld()
      const node = world.node({ store, insecureStoreLacks: [lack] })
      expect(await rejection(node.endAll({ reason: 'breach' }))).toMatchObject({ code: 'ERR_UNSUPPORTED' })
      expect(await whoIs(await login(node))).toBe('ada')
      expect(store.calls).toEqual([])
    }
  })

  it.each([{ reasn: 'x' }, { reason: 5 }])('refuses wrong options: %j', async (options) => {
    expect(await rejection(createWorld().sessions.endAll(options as never))).toMatchObject({ code: 'ERR_OPTION' })
  })

  it('a text of another library that was not adopted before is refused, because it may be from before', async () => {
    const old = createOldLibrary()
    const world = createWorld<TestData>({ carriers: bothCarriers(old) })
    old.rows.set('row1', { userId: 'ada', data: {}, until: world.clock() + DAY })
    const client = world.client()
    client.jar.set(`${OLD_NAME} Path=/`, `${OLD_NAME}=${old.sign('row1')}`)
    await endAll(world)
    expect(await whoIs(client)).toBe('ended')
    expect(old.calls).toEqual([])
  })

  it('a signed text that vouches for a session from before is refused', async () => {
    let id = ''
    const expiresAt = Date.UTC(2030, 0, 2)
    const world: World<TestData> = createWorld<TestData>({
      carriers: [
        {
          name: 'access',
          ambient: false,
          readOnly: true,
          vary: 'Authorization',
          read: (view) => ({ values: [view.header('authorization')].filter((one) => one !== null), overflow: false }),
          translate: () => vouch({ id, userId: 'ada', expiresAt }),
          write: () => [],
          clear: () => [],
        },
        cookieCarrier(),
      ],
    })
    const ada = await login(world.sessions)
    id = (await ada.open()).session.id
    const open = () => world.client().open({ headers: { authorization: 'x' } })
    expect((await open()).session.userId).toBe('ada')
    await endAll(world)
    expect((await open()).session).toMatchObject({ userId: null, refused: 'ended' })
  })
})

describe('the records that endAll leaves', () => {
  it('go in the background; if that fails, removed rejects and sweep continues', async () => {
    const world = createWorld()
    for (let i = 0; i < 3; i++) await login(world.sessions, `user ${i}`)
    world.store.fail('end', { times: 1 })
    const done = world.sessions.endAll({ reason: 'breach' })
    await pass(world, WAIT)
    const { removed } = await done
    expect(await rejection(removed)).toMatchObject({ code: 'ERR_STORE' })
    const swept = world.sessions.sweep()
    await pass(world, 10)
    expect(await swept).toBe(1)
    expect(world.eventsOf('ended')).toHaveLength(3)
    world.store.calls.length = 0
    expect(await world.sessions.sweep(), 'nothing is left to do').toBe(0)
  })

  it('go page by page', async () => {
    const world = createWorld({ store: memoryStore({ maxSessions: 5_000 }) })
    for (let i = 0; i < 600; i++) await login(world.sessions, `user ${i}`)
    const done = world.sessions.endAll()
    await pass(world, WAIT)
    const { removed } = await done
    await pass(world, 10)
    expect(await removed).toBe(600)
  })
})

describe('what it costs an application that never calls it', () => {
  it('one read a second, and requests do not wait for it', async () => {
    const marked = markedStore(memoryStore())
    const world = createWorld({ store: marked })
    const node = world.node({ store: marked })
    const ada = await login(node)
    marked.calls.length = 0
    for (let i = 0; i < 100; i++) {
      await pass(world, 100)
      expect(await whoIs(at(node, ada))).toBe('ada')
    }
    expect(marked.calls.length).toBeGreaterThanOrEqual(9)
    expect(marked.calls.length).toBeLessThanOrEqual(10)
  })

  it('a read that another request began and that never ends, as in Workers, holds nobody up', async () => {
    const marked = markedStore(memoryStore())
    const world = createWorld()
    const node = world.node({ store: marked })
    const ada = await login(node)
    await pass(world, 1_100)
    marked.before = () => new Promise<void>(() => {})
    expect(await whoIs(ada), 'begins a read in the background').toBe('ada')
    marked.before = () => {}
    for (const ms of [200, 800, 100, 2_500]) {
      await pass(world, ms)
      expect(await whoIs(ada)).toBe('ada')
    }
  })

  it('nothing while there are no requests, and none for a token that is malformed', async () => {
    const marked = markedStore(memoryStore())
    const world = createWorld({ store: marked })
    await pass(world, DAY)
    await world.client().send(() => {}, { cookie: '__Host-session=x' })
    expect(marked.calls).toEqual([])
  })

  it('after a pause, the marker is read beside the session, not before it', async () => {
    const order: string[] = []
    const inner = memoryStore()
    const later = async <T>(name: string, work: () => MaybePromise<T>): Promise<T> => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
      return work()
    }
    const store: Store = { ...inner, read: (id) => later(id === ERA_ID ? 'marker' : 'session', () => inner.read(id)) }
    const world = createWorld()
    const node = world.node({ store })
    const ada = await login(node)
    await pass(world, HOUR / 4)
    order.length = 0
    expect(await whoIs(ada)).toBe('ada')
    expect(order.slice(0, 2).sort()).toEqual(['marker begins', 'session begins'])
  })

  it('a store that answers at once still does, also when the lease is over', async () => {
    const world = createWorld({ store: memoryStore() })
    const node = world.node({ store: memoryStore() })
    const ada = await login(node)
    await pass(world, HOUR / 4)
    const view = {
      method: 'GET',
      url: '/',
      secure: true,
      peer: null,
      header: (n: string) => (n === 'cookie' ? ada.cookie() : null),
    }
    expect(node.open(view)).not.toBeInstanceOf(Promise)
  })
})
