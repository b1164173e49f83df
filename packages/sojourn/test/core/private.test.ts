import { anomaly } from 'sojourn/guards/anomaly'
import { describe, expect, it } from 'vitest'
import { createWorld, DAY, edit, MINUTE, type World } from './kit.ts'

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

describe('10 Private by design', () => {
  it('export gives everything that is held, as JSON', async () => {
    const { world, phone, ids } = await withDevices({ guards: [anomaly()] })
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
      notes: { anomaly: expect.stringContaining('203.0.0.0') },
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

  it('export holds the proof of identity that a guard no longer trusts', async () => {
    const { world, laptop } = await withDevices()
    const proof = { methods: ['pwd'], assurance: 'aal1' }
    await laptop.send((session) => session.reauthenticated(proof))
    await world.sessions.roleChanged('ada')
    expect((await world.sessions.export('ada')).sessions).toContainEqual(
      expect.objectContaining({ ...proof, authenticatedAt: new Date(world.clock()).toISOString() }),
    )
  })

  it('export says nothing of notes that are sealed', async () => {
    const { world } = await withDevices({ sealed: true, guards: [anomaly()] })
    expect((await world.sessions.export('ada')).sessions[0]).toMatchObject({ data: null, flash: null, notes: null })
  })

  it('erase also ends what a login stores while it runs', async () => {
    const { world, ids } = await withDevices()
    const late = world.client()
    const gate = world.store.hold('end')
    const erasing = world.sessions.erase('ada')
    await gate.reached
    await late.send((session) => session.login('ada'))
    gate.release()
    expect(await erasing).toBe(3)
    expect(await world.sessions.list('ada')).toEqual([])
    expect(await alive(world, ids)).toEqual(['other'])
  })

  it('export holds what has expired but is still there', async () => {
    const { world } = await withDevices()
    world.clock.advance(DAY)
    expect((await world.sessions.export('ada')).sessions).toHaveLength(2)
  })

  it('export omits a text that is not JSON, and continues', async () => {
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
