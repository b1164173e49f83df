import { createSessions, describeDevice, memoryStore, type SessionId, type SessionRecord, type Store } from 'sojourn'
import { memoryBus } from 'sojourn/buses/memory'
import { anomaly } from 'sojourn/guards/anomaly'
import { type RetentionOptions, retention } from 'sojourn/retention'
import { nearCache } from 'sojourn/stores/near-cache'
import { writeBehind } from 'sojourn/stores/write-behind'
import { describe, expect, it, vi } from 'vitest'
import { createClock, createWorld, DAY, HOUR, MINUTE, rejection } from '../core/kit.ts'

const ADDRESS = '203.0.113.7'
const HEADERS = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
const LONG = { idle: '90d', absolute: '365d', renew: '400d' } as const

/** `inner` is the store itself: what it returns is what is stored. */
function withRetention(
  options: RetentionOptions,
  more: { sealed?: boolean; inner?: Store; wrap?: (store: Store) => Store } = {},
) {
  const { inner = memoryStore(), wrap = (store) => store, sealed = false } = more
  const clock = createClock()
  const world = createWorld({
    clock,
    sealed,
    store: retention(wrap(inner), { clock, ...options }),
    timeouts: LONG,
    describeDevice: describeDevice({ ip: 'full' }),
    guards: [anomaly()],
  })
  return { world, clock, inner }
}

async function login({ world }: Pick<ReturnType<typeof withRetention>, 'world'>, userId = 'ada', peer = ADDRESS) {
  const client = world.client()
  const { value } = await client.send(
    async (session) => {
      await session.login(userId, { methods: ['pwd'] })
      return session.id
    },
    { headers: HEADERS, peer },
  )
  return { client, id: value as SessionId }
}

async function stored(inner: Store, id: SessionId): Promise<SessionRecord> {
  const kept = await inner.read(id)
  if (kept?.kind !== 'live') throw new Error('no live record')
  return kept
}

describe('10 Private by design: what a store keeps of clients', () => {
  it('a record that no request touches loses its address in time, by a sweep', async () => {
    const setup = withRetention({ shortenAddress: '1d', dropAddress: '30d', dropName: '60d' })
    const { world, clock, inner } = setup
    const { id } = await login(setup)
    const at = async (ms: number) => {
      clock.advance(ms)
      await world.sessions.sweep()
      return (await stored(inner, id)).head.device
    }
    expect(await at(DAY - 1)).toEqual({ name: 'Firefox on Linux', ip: ADDRESS })
    expect(await at(HOUR)).toEqual({ name: 'Firefox on Linux', ip: '203.0.113.0/24' })
    expect(await at(29 * DAY)).toEqual({ name: 'Firefox on Linux', ip: null })
    expect(await at(30 * DAY)).toBeUndefined()
  })

  it('what is due is not shown, even before a sweep, and leaves the store with the next write', async () => {
    const setup = withRetention({ shortenAddress: '1d' })
    const { world, clock, inner } = setup
    const { id, client } = await login(setup)
    clock.advance(DAY)
    const short = { name: 'Firefox on Linux', ip: '203.0.113.0/24' }
    expect((await world.sessions.list('ada'))[0]?.device).toEqual(short)
    expect((await world.sessions.export('ada')).sessions[0]?.device).toEqual(short)
    expect((await world.sessions.scan()).sessions[0]?.device).toEqual(short)
    expect((await client.send((session) => session.device)).value).toEqual(short)
    await client.send((session) => session.reauthenticated(), { headers: HEADERS })
    expect((await stored(inner, id)).head.device).toEqual(short)
  })

  it.each([
    ['shortenAddress', '203.0.113.0/24'],
    ['dropAddress', null],
    ['hashAddress', expect.stringMatching(/^#[\w-]{12}$/)],
  ] as const)('%s: "now" never stores the address, also if the request goes on writing', async (option, expected) => {
    const setup = withRetention({ [option]: 'now' })
    const client = setup.world.client()
    const heads: unknown[] = []
    const write = vi.spyOn(setup.inner, 'write')
    const create = vi.spyOn(setup.inner, 'create')
    const { value: id } = await client.send(
      async (session) => {
        await session.login('ada')
        await session.reauthenticated()
        return session.id as SessionId
      },
      { headers: HEADERS, peer: ADDRESS },
    )
    heads.push(...write.mock.calls, ...create.mock.calls)
    expect((await stored(setup.inner, id)).head.device?.ip).toEqual(expected)
    expect(write).toHaveBeenCalled()
    expect(JSON.stringify(heads)).not.toContain(ADDRESS)
  })

  it('hashes tell equal addresses apart for a day, and cannot be linked afterwards', async () => {
    const setup = withRetention({ hashAddress: 'now' })
    const hashOf = async (peer: string) =>
      (await stored(setup.inner, (await login(setup, 'ada', peer)).id)).head.device?.ip
    const [first, same, other] = [await hashOf(ADDRESS), await hashOf(ADDRESS), await hashOf('203.0.113.8')]
    expect(same).toBe(first)
    expect(other).not.toBe(first)
    setup.clock.advance(DAY)
    expect(await hashOf(ADDRESS)).not.toBe(first)
    // Another process has another key.
    const elsewhere = withRetention({ hashAddress: 'now' })
    expect((await stored(elsewhere.inner, (await login(elsewhere)).id)).head.device?.ip).not.toBe(first)
  })

  it('a hash is neither hashed again nor shortened', async () => {
    const setup = withRetention({ hashAddress: 'now', shortenAddress: '1d' })
    const { id } = await login(setup)
    const before = (await stored(setup.inner, id)).head.device
    setup.clock.advance(2 * DAY)
    await setup.world.sessions.sweep()
    expect((await stored(setup.inner, id)).head.device).toEqual(before)
  })

  it('networks leave the notes of anomaly, once the session was last seen there too long ago', async () => {
    const setup = withRetention({ dropPlaces: '7d' })
    const { world, clock, inner } = setup
    const { id, client } = await login(setup)
    clock.advance(HOUR)
    await client.send(() => {}, { headers: HEADERS, peer: '198.51.100.9' })
    const notes = async () => (await stored(inner, id)).data['~g']
    expect(await notes()).toContain('203.0.0.0')
    expect(await notes()).toContain('198.51.0.0')
    clock.advance(4 * DAY)
    await client.send(() => {}, { headers: HEADERS, peer: '198.51.100.9' })
    clock.advance(3 * DAY)
    await world.sessions.sweep()
    expect(await notes()).not.toContain('203.0.0.0')
    expect(await notes()).toContain('198.51.0.0')
    clock.advance(5 * DAY)
    await world.sessions.sweep()
    expect(await notes()).not.toContain('198.51')
    expect(await notes()).toContain('firefox')
    // The rest of the note still serves: the guard notices another browser, and says nothing about the network.
    await client.send(() => {}, { headers: { 'user-agent': 'curl/8.0' }, peer: ADDRESS })
    expect(world.eventsOf('finding').map(({ finding }) => finding)).toEqual(['browser-changed'])
  })

  it('a sealed session loses its address too', async () => {
    const setup = withRetention({ dropAddress: '1d' }, { sealed: true })
    const { id, client } = await login(setup)
    setup.clock.advance(DAY)
    await setup.world.sessions.sweep()
    expect((await stored(setup.inner, id)).head.device?.ip).toBeNull()
    expect((await client.send((session) => session.userId, { headers: HEADERS })).value).toBe('ada')
  })

  it.each<[string, (store: Store) => Store]>([
    ['a near cache', (store) => nearCache(store, { bus: memoryBus() })],
    ['write-behind', (store) => writeBehind(store)],
  ])('around %s', async (_, wrap) => {
    const setup = withRetention({ dropAddress: '1d' }, { wrap })
    const { id, client } = await login(setup)
    await client.send(() => {}, { headers: HEADERS })
    setup.clock.advance(DAY)
    await setup.world.sessions.sweep()
    expect((await stored(setup.inner, id)).head.device?.ip).toBeNull()
    expect((await client.send((session) => session.userId, { headers: HEADERS })).value).toBe('ada')
  })

  it('nothing that a request stores meanwhile is lost, and what ended stays ended', async () => {
    const inner = memoryStore()
    const setup = withRetention({ dropAddress: '1d' }, { inner })
    const { world, clock } = setup
    const [kept, ended] = [await login(setup), await login(setup, 'bob')]
    clock.advance(DAY)
    const write = inner.write.bind(inner)
    let races = 0
    vi.spyOn(inner, 'write').mockImplementation(async (id, change) => {
      if (races++ === 0) {
        await kept.client.send((session) => session.reauthenticated({ methods: ['otp'] }), { headers: HEADERS })
        await world.sessions.revoke(ended.id)
      }
      return write(id, change)
    })
    await world.sessions.sweep()
    expect((await stored(inner, kept.id)).head).toMatchObject({ methods: ['otp'], device: { ip: null } })
    expect((await inner.read(ended.id))?.kind).toBe('ended')
  })

  it('one of several processes searches, once in each period', async () => {
    const inner = memoryStore()
    const clock = createClock()
    const scans = vi.spyOn(inner, 'scan')
    const nodes = [1, 2, 3].map(() => createSessions({ store: retention(inner, { dropAddress: '1d', clock }), clock }))
    for (const node of nodes) await node.sweep()
    for (const node of nodes) await node.sweep()
    expect(scans).toHaveBeenCalledTimes(1)
    clock.advance(HOUR)
    for (const node of nodes) await node.sweep()
    expect(scans).toHaveBeenCalledTimes(2)
  })

  it('a record that cannot be written keeps no other one from losing its address, and is reported once in each period', async () => {
    const inner = memoryStore()
    const { write } = inner
    const setup = withRetention({ dropAddress: '1d' }, { inner })
    const ids: SessionId[] = []
    for (let i = 0; i < 5; i++) ids.push((await login(setup, `user ${i}`)).id)
    vi.spyOn(inner, 'write').mockImplementation((id, change) => {
      if (id === ids[2]) throw new Error('too large')
      return write.call(inner, id, change)
    })
    setup.clock.advance(DAY)
    expect(await rejection(setup.world.sessions.sweep())).toMatchObject({ code: 'ERR_STORE' })
    await setup.world.sessions.sweep()
    const kept = []
    for (const id of ids) if ((await stored(inner, id)).head.device?.ip) kept.push(id)
    expect(kept).toEqual([ids[2]])
  })

  it.each(['scan', 'create', 'write'] as const)(
    'a store that cannot answer for a moment (%s) is searched by the next sweep, and not a period later',
    async (operation) => {
      const inner: Store = memoryStore()
      const real = inner[operation] as (...args: unknown[]) => unknown
      let isDown = false
      Object.assign(inner, {
        [operation](...args: unknown[]) {
          if (isDown) throw new Error('connection reset')
          return real.apply(inner, args)
        },
      })
      const setup = withRetention({ dropAddress: '1d', every: '1d' }, { inner })
      const ids: SessionId[] = []
      for (let i = 0; i < 20; i++) ids.push((await login(setup, `user ${i}`)).id)
      setup.clock.advance(DAY)
      isDown = true
      expect(await rejection(setup.world.sessions.sweep())).toMatchObject({ code: 'ERR_STORE' })
      isDown = false
      setup.clock.advance(MINUTE)
      await setup.world.sessions.sweep()
      for (const id of ids) expect((await stored(inner, id)).head.device?.ip).toBeNull()
    },
  )

  it('searches in pages, and still deletes what has expired', async () => {
    const setup = withRetention({ dropAddress: '1d' })
    for (let i = 0; i < 600; i++) await login(setup, `user ${i}`)
    setup.clock.advance(DAY)
    await setup.world.sessions.sweep()
    let addresses = 0
    for await (const { device } of setup.world.sessions.all()) addresses += device?.ip === null ? 0 : 1
    expect(addresses).toBe(0)
    setup.clock.advance(90 * DAY)
    expect(await setup.world.sessions.sweep()).toBeGreaterThanOrEqual(600)
  })

  it.each<[object, string]>([
    [{}, 'say what is kept'],
    [{ every: '1h' }, 'say what is kept'],
    [{ dropAddress: 'soon' }, 'retention: dropAddress'],
    [{ dropPlaces: 'now' }, 'retention: dropPlaces'],
    [{ dropAddress: '1d', every: 0 }, 'retention: every'],
    [{ dropDevice: '1d' }, 'dropDevice'],
  ])('%o is refused', async (options, text) => {
    const error = await rejection(() => retention(memoryStore(), options as RetentionOptions))
    expect(error).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining(text) })
  })

  it('a store that cannot enumerate is refused, because untouched records would keep their addresses', async () => {
    const { scan: _, ...blind } = memoryStore()
    const error = await rejection(() => retention(blind as Store, { dropAddress: '1d' }))
    expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED' })
  })
})
