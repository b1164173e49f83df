import { describe, expect, it } from 'vitest'
import { createWorld, DAY, edit, HOUR, MINUTE, rejection, type World } from './kit.ts'

async function withDevices(options = {}) {
  const world = createWorld(options)
  const [phone, laptop, other] = [world.client(), world.client(), world.client()]
  const login = async (client: typeof phone, userId: string, name: string) => {
    const { value } = await client.send(async (session) => {
      await session.login(userId, { device: { name } })
      return session.id
    })
    world.clock.advance(2 * MINUTE)
    return value
  }
  const ids = {
    phone: await login(phone, 'ada', 'Phone'),
    laptop: await login(laptop, 'ada', 'Laptop'),
    other: await login(other, 'bob', 'Other'),
  }
  world.store.calls.length = 0
  return { world, phone, laptop, other, ids }
}

async function alive(world: World<Record<string, unknown>>, ids: Record<string, string>): Promise<string[]> {
  const kept = await Promise.all(
    Object.entries(ids).map(async ([name, id]) => [name, await world.kept(id as never)] as const),
  )
  return kept.flatMap(([name, record]) => (record?.kind === 'live' ? [name] : []))
}

describe('devices()', () => {
  it('lists mine, most recently seen first, the current one marked', async () => {
    const { world, phone, ids } = await withDevices()
    const began = world.clock() - 6 * MINUTE
    const { value } = await phone.send((session) => session.devices())
    expect(value).toEqual([
      {
        id: ids.laptop,
        createdAt: new Date(began + 2 * MINUTE),
        lastSeenAt: new Date(began + 2 * MINUTE),
        expiresAt: new Date(began + 32 * MINUTE),
        authenticatedAt: new Date(began + 2 * MINUTE),
        device: { name: 'Laptop', ip: '203.0.113.0/24' },
        remembered: false,
        current: false,
      },
      expect.objectContaining({ id: ids.phone, device: { name: 'Phone', ip: '203.0.113.0/24' }, current: true }),
    ])
    expect((await phone.send((session) => session.devices())).value.map(({ id }) => id)).toEqual([
      ids.phone,
      ids.laptop,
    ])
  })

  it('of an anonymous session is empty, and asks nothing of the store', async () => {
    const world = createWorld()
    const client = world.client()
    expect((await client.send((session) => session.devices())).value).toEqual([])
    await client.send(edit({ a: 1 }))
    expect((await client.send((session) => session.devices())).value).toEqual([])
    expect(world.store.count('list')).toBe(0)
  })

  it('seen at the same time: the newest first', async () => {
    const world = createWorld()
    const [a, b] = [world.client(), world.client()]
    await a.send((session) => session.login('ada', { device: { name: 'first' } }))
    world.clock.advance(10 * MINUTE)
    await b.send((session) => session.login('ada', { device: { name: 'second' } }))
    await a.send(() => {})
    expect((await world.sessions.list('ada')).map(({ device }) => device?.name)).toEqual(['second', 'first'])
  })

  it('client details are dropped after their time, from lists and from the store', async () => {
    const world = createWorld({ dropDeviceAfter: '1h', timeouts: { idle: '2h', absolute: '5h' } })
    const client = world.client()
    const { value: id } = await client.send(async (session) => {
      await session.login('ada')
      return session.id
    })
    world.clock.advance(HOUR - 1)
    expect((await client.send((session) => session.device)).value).not.toBeNull()
    expect((await world.sessions.list('ada'))[0]?.device).not.toBeNull()
    world.clock.advance(1)
    expect((await world.sessions.list('ada'))[0]?.device).toBeNull()
    expect((await world.sessions.export('ada')).sessions[0]?.device).toBeNull()
    expect((await client.send((session) => session.device)).value).toBeNull()
    world.clock.advance(MINUTE)
    await client.send(() => {})
    expect((await world.record(id)).head).not.toHaveProperty('device')
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })
})

describe('revokeDevice()', () => {
  it('ends one of mine', async () => {
    const { world, phone, laptop, ids } = await withDevices()
    expect((await phone.send((session) => session.revokeDevice(ids.laptop))).value).toBe(true)
    expect(await alive(world, ids)).toEqual(['phone', 'other'])
    expect((await laptop.send((session) => session.refused)).value).toBe('ended')
    expect(world.eventsOf('ended')).toMatchObject([{ id: ids.laptop, userId: 'ada', reason: 'revoked' }])
  })

  it('somebody else’s id and one that never was look the same, and nothing ends', async () => {
    const { world, phone, ids } = await withDevices()
    const anonymous = world.client()
    const { value: nobody } = await anonymous.send((session) => {
      edit({ a: 1 })(session)
      return session.id
    })
    for (const id of [ids.other, nobody, 'A'.repeat(22), 'no id', '', '__proto__']) {
      expect((await phone.send((session) => session.revokeDevice(id))).value).toBe(false)
    }
    expect(await alive(world, { ...ids, nobody })).toEqual(['phone', 'laptop', 'other', 'nobody'])
    expect(world.store.count('end')).toBe(0)
  })

  it('what is no id costs the store nothing', async () => {
    const { world, phone } = await withDevices()
    await phone.send((session) => session.revokeDevice('x'.repeat(100)))
    expect(world.store.count('read')).toBe(1)
  })

  it('of the current one is a logout', async () => {
    const { world, phone, ids } = await withDevices()
    const { value, setCookies } = await phone.send(async (session) => [
      await session.revokeDevice(ids.phone),
      session.userId,
    ])
    expect(value).toEqual([true, null])
    expect(setCookies).toMatchObject([expect.stringContaining('Max-Age=0')])
    expect(world.eventsOf('ended')).toMatchObject([{ id: ids.phone, reason: 'logout' }])
  })

  it('of one that ended already, or expired, is false', async () => {
    const { phone, laptop, ids, world } = await withDevices()
    await laptop.send((session) => session.logout())
    expect((await phone.send((session) => session.revokeDevice(ids.laptop))).value).toBe(false)
    const again = await withDevices()
    again.world.clock.advance(25 * MINUTE)
    await again.phone.send(() => {})
    again.world.clock.advance(5 * MINUTE)
    expect((await again.phone.send((session) => session.revokeDevice(again.ids.laptop))).value).toBe(false)
    expect(world.eventsOf('ended')).toHaveLength(1)
  })

  it('by a visitor, or an anonymous session, is false', async () => {
    const { world, ids } = await withDevices()
    const visitor = world.client()
    expect((await visitor.send((session) => session.revokeDevice(ids.phone))).value).toBe(false)
    await visitor.send(edit({ a: 1 }))
    const { value } = await visitor.send((session) => session.revokeDevice(session.id))
    expect(value).toBe(false)
  })
})

describe('revokeOthers()', () => {
  it('ends all of mine but this one', async () => {
    const { world, phone, ids } = await withDevices()
    expect((await phone.send((session) => session.revokeOthers())).value).toBe(1)
    expect(await alive(world, ids)).toEqual(['phone', 'other'])
    expect((await phone.send((session) => session.revokeOthers())).value).toBe(0)
    expect((await phone.send((session) => session.userId)).value).toBe('ada')
  })

  it('by a visitor ends nothing', async () => {
    const { world, ids } = await withDevices()
    expect((await world.client().send((session) => session.revokeOthers())).value).toBe(0)
    expect(await alive(world, ids)).toHaveLength(3)
  })
})

describe('sessions: without a request', () => {
  it('list: a user’s live sessions, none of them current', async () => {
    const { world, ids } = await withDevices()
    const listed = await world.sessions.list('ada')
    expect(listed.map(({ id }) => id)).toEqual([ids.laptop, ids.phone])
    expect(listed[0]).not.toHaveProperty('current')
    expect(await world.sessions.list('nobody')).toEqual([])
  })

  it('revoke: one by its id, with a reason of its own', async () => {
    const { world, ids } = await withDevices()
    expect(await world.sessions.revoke(ids.phone)).toBe(true)
    expect(await world.sessions.revoke(ids.phone)).toBe(false)
    expect(await world.sessions.revoke(ids.laptop, 'fraud')).toBe(true)
    expect(await world.kept(ids.laptop)).toMatchObject({ reason: 'fraud' })
    expect(await alive(world, ids)).toEqual(['other'])
    expect(world.eventsOf('ended').map(({ reason }) => reason)).toEqual(['revoked', 'fraud'])
    for (const id of ['A'.repeat(22), 'no id', '']) expect(await world.sessions.revoke(id)).toBe(false)
  })

  it('revoke: of what is no id asks nothing of the store', async () => {
    const { world } = await withDevices()
    await world.sessions.revoke('../..')
    expect(world.store.calls).toEqual([])
  })

  it('revokeAll: a user’s, all or all but one', async () => {
    const { world, ids } = await withDevices()
    expect(await world.sessions.revokeAll('ada', { except: ids.phone, reason: 'password' })).toBe(1)
    expect(await alive(world, ids)).toEqual(['phone', 'other'])
    expect(await world.kept(ids.laptop)).toMatchObject({ reason: 'password' })
    expect(await world.sessions.revokeAll('ada')).toBe(1)
    expect(await world.sessions.revokeAll('ada')).toBe(0)
    expect(await alive(world, ids)).toEqual(['other'])
  })

  it('revokeAll counts each session once, whoever else ends it meanwhile', async () => {
    const { world } = await withDevices()
    const counts = await Promise.all([world.sessions.revokeAll('ada'), world.node().revokeAll('ada')])
    expect(counts[0] + counts[1]).toBe(2)
    expect(world.eventsOf('ended')).toHaveLength(2)
  })

  it('in time that grows with that user’s sessions only: one list, one end each', async () => {
    const { world } = await withDevices()
    await world.sessions.revokeAll('ada')
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['list', 'end', 'end'])
  })

  it.each(['list', 'revokeAll', 'export', 'erase'] as const)(
    '%s is a typed error when the store fails',
    async (verb) => {
      const { world } = await withDevices()
      world.store.fail('list')
      expect(await rejection(world.sessions[verb]('ada'))).toMatchObject({ code: 'ERR_STORE' })
    },
  )

  it('a revocation that fails in the middle says so', async () => {
    const { world, ids } = await withDevices()
    world.store.fail('end')
    expect(await rejection(world.sessions.revokeAll('ada'))).toMatchObject({ code: 'ERR_STORE' })
    world.store.fail('read')
    expect(await rejection(world.sessions.revoke(ids.other))).toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('10 Private by design', () => {
  it('export gives everything that is held, as JSON', async () => {
    const { world, phone, ids } = await withDevices()
    const iso = (ms: number) => new Date(ms).toISOString()
    const began = world.clock() - 6 * MINUTE
    await phone.send((session) => {
      edit({ cart: ['lamp'], '~odd': 1 })(session)
      session.flash.set('note', 'hello')
    })
    await phone.send((session) => session.reauthenticated({ methods: ['pwd'], assurance: 'aal2' }))
    const exported = await world.sessions.export('ada')
    expect(exported).toMatchObject({ userId: 'ada', exportedAt: iso(world.clock()) })
    expect(exported.sessions).toHaveLength(2)
    expect(exported.sessions.find(({ id }) => id === ids.phone)).toEqual({
      id: ids.phone,
      createdAt: iso(began),
      lastSeenAt: iso(world.clock()),
      expiresAt: iso(world.clock() + 30 * MINUTE),
      authenticatedAt: iso(world.clock()),
      methods: ['pwd'],
      assurance: 'aal2',
      device: { name: 'Phone', ip: '203.0.113.0/24' },
      data: { cart: ['lamp'], '~odd': 1 },
      flash: { note: 'hello' },
    })
    expect(exported.sessions.find(({ id }) => id === ids.laptop)).toMatchObject({
      methods: [],
      assurance: null,
      data: {},
      flash: {},
    })
    expect(JSON.parse(JSON.stringify(exported))).toEqual(exported)
    expect(JSON.stringify(exported)).not.toMatch(/secret|hash/)
    expect((await world.sessions.export('nobody')).sessions).toEqual([])
  })

  it('export holds what has expired but is still there', async () => {
    const { world } = await withDevices()
    world.clock.advance(DAY)
    expect((await world.sessions.export('ada')).sessions).toHaveLength(2)
  })

  it('export leaves out text that is no JSON, and goes on', async () => {
    const { world, ids } = await withDevices()
    await world.store.write(ids.phone, { set: { bad: '{', good: '1' } })
    const { sessions } = await world.sessions.export('ada')
    expect(sessions.find(({ id }) => id === ids.phone)?.data).toEqual({ good: 1 })
  })

  it('erase ends everything of a user; what is left names nobody', async () => {
    const { world, phone, laptop, ids } = await withDevices()
    await phone.send(edit({ cart: ['lamp'] }))
    expect(await world.sessions.erase('ada')).toBe(2)
    expect(await alive(world, ids)).toEqual(['other'])
    for (const id of [ids.phone, ids.laptop]) {
      const kept = await world.kept(id)
      expect(Object.keys(kept ?? {}).sort()).toEqual(['endedAt', 'expiresAt', 'id', 'kind', 'reason'])
      expect(kept).toMatchObject({ reason: 'erased' })
    }
    expect((await laptop.send((session) => session.refused)).value).toBe('ended')
    expect(await world.sessions.erase('ada')).toBe(0)
    expect((await world.sessions.export('ada')).sessions).toEqual([])
  })

  it('erase takes what has expired along, and counts what was live', async () => {
    const { world, phone } = await withDevices()
    world.clock.advance(20 * MINUTE)
    await phone.send(() => {})
    world.clock.advance(11 * MINUTE)
    expect(await world.sessions.erase('ada')).toBe(1)
    expect((await world.sessions.export('ada')).sessions).toEqual([])
  })

  it('expired records are really deleted by a sweep', async () => {
    const { world, ids } = await withDevices()
    world.clock.advance(DAY)
    expect(await world.sessions.sweep()).toBe(3)
    for (const id of Object.values(ids)) expect(await world.kept(id)).toBeNull()
  })

  it('a device list tells no more than it must', async () => {
    const { world } = await withDevices()
    const [info] = await world.sessions.list('ada')
    expect(Object.keys(info ?? {}).sort()).toEqual([
      'authenticatedAt',
      'createdAt',
      'device',
      'expiresAt',
      'id',
      'lastSeenAt',
      'remembered',
    ])
    expect(JSON.stringify(info)).not.toContain('203.0.113.7')
  })
})
