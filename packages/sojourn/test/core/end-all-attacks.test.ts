import { memoryStore, SessionError } from 'sojourn'
import { nearCache } from 'sojourn/stores/near-cache'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, it, vi } from 'vitest'
import { sealedCookie } from '../../../conformance/test/sealed-cookie.ts'
import { ERA_ID, LEASE_MS } from '../../src/core/request/eras.ts'
import {
  type Client,
  createClient,
  createWorld,
  edit,
  HOUR,
  MINUTE,
  rejection,
  type TestData,
  type World,
} from './kit.ts'
import { at, endAll, login, markedStore, pass, useTime, WAIT, whoIs } from './kit-end-all.ts'

useTime()

/** A world with two servers, where ada is logged in. */
async function twoServers() {
  const store = markedStore(memoryStore())
  const world = createWorld({ store })
  const one = world.node({ store })
  const two = world.node({ store })
  const ada = await login(one)
  expect(await whoIs(at(two, ada))).toBe('ada')
  return { world, store, one, two, ada }
}

/** After that, the token is due for renewal. */
async function useForAnHour(world: World<TestData>, client: Client<TestData>): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await pass(world, 19 * MINUTE)
    await client.send(() => {})
  }
  await pass(world, 4 * MINUTE)
}

describe('1 Ended is ended: endAll, while requests of another server are in flight', () => {
  it('a renewal in flight: its token opens nothing', async () => {
    const { world, one, two, ada } = await twoServers()
    await useForAnHour(world, ada)
    const thief = at(two, ada)
    const slow = await thief.open()
    await endAll(world, one)
    thief.receive(await slow.commit())
    for (const sessions of [one, two]) expect(await whoIs(at(sessions, thief))).toBe('ended')
  })

  it('a renewal whose write is on its way to the store: its token opens nothing', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    await useForAnHour(world, ada)
    const thief = at(two, ada)
    const slow = await thief.open()
    const gate = world.store.hold('write')
    const late = slow.commit()
    await gate.reached
    const { scan: _, ...unscanned } = world.store
    await endAll(world, world.node({ store: unscanned }))
    gate.release()
    thief.receive(await late)
    for (const sessions of [world.sessions, two]) expect(await whoIs(at(sessions, thief))).toBe('ended')
  })

  it('a save, an update and a rotation in flight bring nothing back', async () => {
    const { world, one, two, ada } = await twoServers()
    const acts: ((session: Awaited<ReturnType<typeof ada.open>>['session']) => unknown)[] = [
      async (session) => {
        session.data.a = 1
        await session.save()
      },
      (session) => session.update('a', () => 1),
      (session) => session.rotate(),
      (session) => session.reauthenticated(),
    ]
    const open = await Promise.all(acts.map(() => at(two, ada).open()))
    await endAll(world, one)
    const results = await Promise.allSettled(acts.map((act, i) => act(open[i]?.session as never)))
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected'])
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'ERR_SESSION_ENDED' } })
    for (const sessions of [one, two]) expect(await whoIs(at(sessions, ada))).toBe('ended')
  })

  it('a login of the same user that continues the session, and one whose record is on its way', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    const thief = at(two, ada)
    const slow = await thief.open()
    const bob = createClient(two)
    const begun = await bob.open()
    const gate = world.store.hold('create')
    const late = begun.session.login('bob')
    await gate.reached
    await endAll(world)
    expect(await rejection(slow.session.login('ada'))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    gate.release()
    await late
    bob.receive(await begun.commit())
    for (const sessions of [world.sessions, two]) expect(await whoIs(at(sessions, bob))).toBe('ended')
    const again = await login(two, 'bob')
    expect(await whoIs(again)).toBe('bob')
  })

  it('a session read before, whose answer comes after it resolved', async () => {
    const world = createWorld()
    const two = world.node()
    const ada = await login(world.sessions)
    expect(await whoIs(at(two, ada))).toBe('ada')
    const gate = world.store.hold('read', 'after')
    const late = whoIs(at(two, ada))
    await gate.reached
    const { scan: _, ...unscanned } = world.store
    await endAll(world, world.node({ store: unscanned }))
    gate.release()
    expect(await late).toBe('ended')
  })

  it('a marker that was read before, whose answer comes after it resolved', async () => {
    const { world, store, one, two, ada } = await twoServers()
    await pass(world, MINUTE)
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const before = store.read
    let isFirst = true
    store.read = async (id) => {
      const answer = await before(id)
      if (id === ERA_ID && isFirst) {
        isFirst = false
        await held
      }
      return answer
    }
    const slow = world.node({ store: { ...store } })
    const late = whoIs(at(slow, ada))
    await vi.advanceTimersByTimeAsync(0)
    store.read = before
    await endAll(world, one)
    release()
    expect(await late).toBe('ended')
    expect(await whoIs(at(two, ada))).toBe('ended')
  })
})

describe('1 Ended is ended: endAll, and clocks', () => {
  it('a process that sleeps past its lease: its uptime stands still, and its clock does not', async () => {
    const { world, store, one, two, ada } = await twoServers()
    const done = one.endAll()
    await vi.advanceTimersByTimeAsync(WAIT)
    await done
    // As in a machine that was suspended right after its last read.
    const uptime = vi.spyOn(performance, 'now').mockReturnValue(performance.now() - WAIT)
    world.clock.advance(LEASE_MS)
    const reads = store.calls.length
    expect(await whoIs(at(two, ada))).toBe('ended')
    expect(store.calls.length).toBeGreaterThan(reads)
    uptime.mockRestore()
  })

  it.each([-HOUR, HOUR])('a server whose clock is off by %d ms ends and keeps the same sessions', async (off) => {
    const store = markedStore(memoryStore())
    const world = createWorld({ timeouts: { idle: '12h' } })
    const right = world.node({ store })
    const wrong = world.node({ store, clock: () => world.clock() + off })
    for (const caller of [right, wrong]) {
      const [ada, bob] = [await login(right, 'ada'), await login(wrong, 'bob')]
      for (const sessions of [right, wrong]) {
        expect(await whoIs(at(sessions, ada))).toBe('ada')
        expect(await whoIs(at(sessions, bob))).toBe('bob')
      }
      await endAll(world, caller)
      for (const sessions of [right, wrong]) {
        expect(await whoIs(at(sessions, ada))).toBe('ended')
        expect(await whoIs(at(sessions, bob))).toBe('ended')
      }
    }
  })

  it('a clock that is set back does not make a lease longer', async () => {
    const store = markedStore(memoryStore())
    const world = createWorld({ store })
    const one = world.node({ store })
    let backMs = 0
    const two = world.node({ store, clock: () => world.clock() - backMs })
    const ada = await login(one)
    expect(await whoIs(at(two, ada))).toBe('ada')
    const done = one.endAll()
    for (let i = 0; i < 22; i++) {
      await pass(world, WAIT / 22)
      backMs += WAIT / 22
    }
    await done
    expect(await whoIs(at(two, ada))).toBe('ended')
  })
})

describe('7 Fail closed: endAll, and a store that fails', () => {
  it('a server that cannot read the marker opens nothing once its lease is over', async () => {
    const { world, store, two, ada } = await twoServers()
    store.before = (verb) => {
      if (verb === 'read') throw new Error('connection reset')
    }
    await pass(world, 1_500)
    expect(await whoIs(at(two, ada)), 'within the lease').toBe('ada')
    await pass(world, 600)
    const error = await rejection(at(two, ada).open())
    expect(error).toMatchObject({ code: 'ERR_STORE', status: 503 })
    expect(world.eventsOf('fault').at(-1)).toMatchObject({ operation: 'read', error: { code: 'ERR_STORE' } })
    store.before = () => {}
    expect(await whoIs(at(two, ada))).toBe('ada')
  })

  it.each(['read', 'create'] as const)(
    'down when it is called (%s): it rejects, and a second call finishes',
    async (verb) => {
      const { world, store, one, two, ada } = await twoServers()
      await pass(world, MINUTE)
      store.before = (asked) => {
        if (asked === verb) throw new Error('connection reset')
      }
      expect(await rejection(one.endAll())).toMatchObject({ code: 'ERR_STORE' })
      store.before = () => {}
      await endAll(world, one)
      for (const sessions of [one, two]) expect(await whoIs(at(sessions, ada))).toBe('ended')
    },
  )

  it('a failover that lost the new era while it waited: it rejects instead of claiming that all have ended', async () => {
    const { world, store, one, ada } = await twoServers()
    const done = one.endAll()
    done.catch(() => {})
    await pass(world, 500)
    const { read } = store
    store.read = (id) => (id === ERA_ID ? null : read(id))
    await pass(world, WAIT)
    expect((await rejection(done)).message).toContain('Call endAll again')
    expect(await whoIs(ada), 'this server knows better').toBe('ended')
    store.read = read
  })

  it('with insecureStaleWhileDown, sessions stay open for that time without the marker, and no longer', async () => {
    const inner = memoryStore()
    let isDown = false
    const read: typeof inner.read = (id) => {
      if (isDown) throw new SessionError('ERR_STORE', 'connection reset')
      return inner.read(id)
    }
    const world = createWorld()
    const bus = { name: 'bus', publish() {}, probe() {}, subscribe: () => () => undefined }
    const cache = nearCache({ ...inner, read }, { bus, insecureStaleWhileDown: '30s' })
    const node = world.node({ store: writeBehind(cache) })
    const ada = await login(node)
    expect(await whoIs(ada)).toBe('ada')
    isDown = true
    await pass(world, 20_000)
    expect(await whoIs(ada)).toBe('ada')
    await pass(world, 10_000)
    expect(await rejection(ada.open())).toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('endAll, and what stands around the store', () => {
  it('a near cache whose bus is cut: its copy of the session opens nothing', async () => {
    const store = memoryStore()
    const bus = { name: 'cut', publish() {}, probe() {}, subscribe: () => () => undefined }
    const world = createWorld()
    const one = world.node({ store: nearCache(store, { bus, maxStale: '1h' }) })
    const two = world.node({ store: nearCache(store, { bus, maxStale: '1h' }) })
    const ada = await login(one)
    expect(await whoIs(at(two, ada))).toBe('ada')
    await endAll(world, one)
    for (const sessions of [one, two]) expect(await whoIs(at(sessions, ada))).toBe('ended')
  })

  it('a carrier that holds the record itself: a copy of the cookie from before opens nothing', async () => {
    const lacks = ['ended', 'lost-update', 'fresh-token', 'list'] as const
    const world = createWorld<TestData>({ carriers: [sealedCookie()], insecureStoreLacks: lacks })
    const two = world.node()
    const ada = await login(world.sessions)
    await ada.send(edit({ a: 1 }))
    expect(await whoIs(at(two, ada))).toBe('ada')
    await endAll(world)
    for (const sessions of [world.sessions, two]) expect(await whoIs(at(sessions, ada))).toBe('ended')
    expect(await whoIs(await login(two))).toBe('ada')
  })
})
