import { once } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, DAY, MINUTE, rejection, type World } from './kit.ts'

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

  it('in time proportional to that user’s sessions: one list, one end each', async () => {
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

  it('a revocation that fails halfway rejects', async () => {
    const { world, ids } = await withDevices()
    world.store.fail('end')
    expect(await rejection(world.sessions.revokeAll('ada'))).toMatchObject({ code: 'ERR_STORE' })
    world.store.fail('read')
    expect(await rejection(world.sessions.revoke(ids.other))).toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('a key of `once`', () => {
  it('is no session: its made-up user and its id, which a store shows, neither list, export nor free it', async () => {
    const { sessions, store, clock } = createWorld()
    const until = clock() + 365 * DAY
    expect(await once(store, 'ticket:1', until, clock)).toBe(true)
    const [kept] = (await store.scan?.(null, 10))?.values ?? []
    if (kept?.kind !== 'live' || kept.userId === null) throw new Error('The key is not a record.')
    expect(await sessions.list(kept.userId)).toEqual([])
    expect((await sessions.export(kept.userId)).sessions).toEqual([])
    expect(await sessions.revokeAll(kept.userId)).toBe(0)
    expect(await sessions.erase(kept.userId)).toBe(0)
    expect(await sessions.revoke(kept.id)).toBe(false)
    clock.advance(2 * DAY)
    await sessions.sweep()
    expect(await once(store, 'ticket:1', until, clock)).toBe(false)
  })
})
