import { describe, expect, it } from 'vitest'
import { createWorld, edit, MINUTE, type World } from './kit.ts'

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

  it('a text that is not an id causes no call of the store', async () => {
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
