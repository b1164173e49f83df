import { describe, expect, it } from 'vitest'
import { createWorld, DAY, edit, HOUR, MINUTE, SECOND, stayFor } from './kit.ts'

describe('a request that was parked before its last byte', () => {
  it('does not outlive a revocation', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    await world.sessions.revokeAll('ada')
    expect(session.userId).toBe('ada')
    await session.reload()
    expect([session.userId, session.refused, session.isNew]).toEqual([null, 'ended', true])
  })

  it.each([
    ['idle', 31 * MINUTE],
    ['absolute', 2 * DAY],
  ])('does not outlive the %s limit', async (_, ms) => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    world.clock.advance(ms)
    await session.reload()
    expect([session.userId, session.refused]).toEqual([null, 'expired'])
  })

  it('does not outlive a change of privilege, and is no proof of a copied token', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    await client.send((other) => other.reauthenticated())
    world.clock.advance(5 * MINUTE)
    await session.reload()
    expect([session.userId, session.refused]).toEqual([null, 'superseded'])
    expect(world.eventsOf('reuse')).toEqual([])
    expect((await client.send((other) => other.userId)).value).toBe('ada')
  })

  it('of an honest client survives a renewal, without an alarm', async () => {
    const world = createWorld({ timeouts: { idle: '2h', renew: '1h' } })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    world.clock.advance(HOUR)
    const { session, commit } = await client.open()
    await client.send(() => {})
    await client.send(() => {})
    world.clock.advance(40 * SECOND)
    await session.reload()
    expect([session.userId, session.refused]).toEqual(['ada', null])
    session.data = { uploaded: true }
    expect(await commit()).not.toContainEqual(expect.objectContaining({ name: 'set-cookie' }))
    expect((await client.send((other) => other.data)).value).toEqual({ uploaded: true })
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('of an honest client keeps its rights after the grace of a renewal', async () => {
    const world = createWorld({ timeouts: { idle: '2h', renew: '1h', grace: '2m' } })
    const [client, phone] = [world.client(), world.client()]
    for (const each of [client, phone]) await each.send((session) => session.login('ada'))
    world.clock.advance(HOUR)
    const { session } = await client.open()
    await client.send(() => {})
    await client.send(() => {})
    world.clock.advance(5 * MINUTE)
    expect(await session.revokeOthers()).toBe(1)
    await session.reload()
    expect([session.userId, session.refused]).toEqual(['ada', null])
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('takes no newer token of the same browser away, and begins no session in its place', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session, commit } = await client.open()
    world.clock.advance(2 * DAY)
    await session.reload()
    session.data = { cart: ['lamp'] }
    expect((await commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
  })

  it('may still log in, as the answer to a form does', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session, commit } = await client.open()
    world.clock.advance(2 * DAY)
    await session.reload()
    await session.login('ada')
    expect((await commit()).filter(({ name }) => name === 'set-cookie')).toHaveLength(1)
  })
})

describe('recheck', () => {
  it('reads data anew, into the object that the handler holds', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ role: 'admin' }))
    const { session } = await client.open()
    const { data } = session
    await client.send(edit({ role: 'guest' }))
    await session.reload()
    expect(data).toEqual({ role: 'guest' })
  })

  it('leaves alone what the handler has edited', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session, commit } = await client.open()
    Object.assign(session.data, { a: 2 })
    await session.reload()
    await commit()
    expect((await client.send((other) => other.data)).value).toEqual({ a: 2 })
  })

  it('asks no store for a visitor without a session', async () => {
    const world = createWorld()
    const { session } = await world.client().open()
    world.store.calls.length = 0
    await session.reload()
    expect([world.store.calls, session.userId, session.refused]).toEqual([[], null, null])
  })

  it('continues with the session of a login on the same request', async () => {
    const world = createWorld()
    const client = world.client()
    const { session, commit } = await client.open()
    await session.login('ada')
    await session.reload()
    expect(session.userId).toBe('ada')
    expect((await commit()).filter(({ name }) => name === 'set-cookie')).toHaveLength(1)
  })

  it.each([false, true])(
    'reads what a parallel request wrote, also after this one began the session (sealed: %s)',
    async (sealed) => {
      const world = createWorld({ sealed })
      const client = world.client()
      const exchange = await client.open()
      edit({ a: 1 })(exchange.session)
      await exchange.session.save()
      client.receive(exchange.salvage())
      await client.send(edit({ b: 2 }))
      await exchange.session.reload()
      expect(exchange.session.data).toEqual({ a: 1, b: 2 })
    },
  )

  it('reads data also when the token was renewed by another request', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    await stayFor(world, client, HOUR - MINUTE)
    const { session } = await client.open()
    world.clock.advance(2 * MINUTE)
    await client.send(() => {})
    await client.send(edit({ a: 2 }))
    world.clock.advance(2 * MINUTE + SECOND)
    await session.reload()
    expect([session.data, session.refused]).toEqual([{ a: 2 }, null])
  })

  it('leaves a flash value for later that arrived after it was looked for', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session, commit } = await client.open()
    expect(session.flash.take('saved')).toBeUndefined()
    await client.send(({ flash }) => flash.set('saved', 'yes'))
    await session.reload()
    await commit()
    expect((await client.send(({ flash }) => flash.take('saved'))).value).toBe('yes')
  })

  it('opens sealed data', async () => {
    const world = createWorld({ sealed: true })
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session } = await client.open()
    await client.send(edit({ a: 2 }))
    await session.reload()
    expect(session.data).toEqual({ a: 2 })
  })

  it('of an adapter asks the store only when a second has passed', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { recheck, session } = await client.open()
    world.store.calls.length = 0
    world.clock.advance(SECOND - 1)
    await recheck()
    expect(world.store.calls).toEqual([])
    world.clock.advance(1)
    await world.sessions.revokeAll('ada')
    await recheck()
    expect(session.userId).toBeNull()
  })
})
