import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection } from './kit.ts'

describe('5 Fresh token on every change of privilege: login', () => {
  it('makes a new record, carries the data over, and ends the old one', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    const { value: old } = await client.send((session) => session.id)
    const { value: id, setCookies } = await client.send(async (session) => {
      await session.login('ada', { methods: ['pwd', 'otp'], assurance: 'aal2' })
      return session.id
    })
    expect(setCookies).toHaveLength(1)
    expect(id).not.toBe(old)
    expect(await world.kept(old)).toMatchObject({ kind: 'ended', reason: 'login' })
    expect(await world.record(id)).toMatchObject({ userId: 'ada', version: 0, data: { cart: '["lamp"]' } })
    const now = new Date(world.clock())
    const { value } = await client.send(({ userId, methods, assurance, authenticatedAt, isNew }) => {
      return { userId, methods, assurance, authenticatedAt, isNew }
    })
    expect(value).toEqual({
      userId: 'ada',
      methods: ['pwd', 'otp'],
      assurance: 'aal2',
      authenticatedAt: now,
      isNew: false,
    })
    expect(world.eventsOf('login')).toMatchObject([
      { id, userId: 'ada', replaced: old, methods: ['pwd', 'otp'], assurance: 'aal2', at: now },
    ])
  })

  it('of a visitor without a session is one write', async () => {
    const world = createWorld()
    await world.client().send((session) => session.login('ada'))
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['create'])
    expect(world.eventsOf('login')).toMatchObject([{ replaced: null, methods: [], assurance: null }])
    expect(world.eventsOf('created')).toEqual([])
  })

  it('shares nothing of the old token: neither locator nor secret', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const before = client.token() ?? ''
    await client.send((session) => session.login('ada'))
    const after = client.token() ?? ''
    expect(after.slice(0, 21)).not.toBe(before.slice(0, 21))
    expect(after.slice(22)).not.toBe(before.slice(22))
  })

  it('again as the same user is a new session with the same data', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await client.send(edit({ a: 1 }))
    const before = client.cookie()
    await client.send((session) => session.login('ada'))
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { a: 1 } })
    expect((await client.send(look, { cookie: before })).value.refused).toBe('ended')
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })

  it('can be done twice in one request: the last counts', async () => {
    const world = createWorld()
    const client = world.client()
    const { setCookies } = await client.send(async (session) => {
      await session.login('ada')
      await session.login('bob')
    })
    expect(setCookies).toHaveLength(1)
    expect((await client.send(look)).value.userId).toBe('bob')
    expect(await world.sessions.list('ada')).toEqual([])
  })

  it.each([undefined, null, '', 7, {}, ['ada']])('refuses what is no user id: %j', async (userId) => {
    const world = createWorld()
    const error = await rejection(world.client().send((session) => session.login(userId as string)))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(world.store.calls).toEqual([])
  })

  it('after the headers went out is an error, and nothing happens', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { session, commit } = await client.open()
    await commit()
    expect(await rejection(session.login('ada'))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    expect(await world.sessions.list('ada')).toEqual([])
    expect(session.userId).toBeNull()
  })

  it('tells the device, from the request or from the application', async () => {
    const world = createWorld()
    const client = world.client()
    const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
    await client.send((session) => session.login('ada'), { headers })
    const device = async () => (await client.send((session) => session.device)).value
    expect(await device()).toEqual({ name: 'Firefox on Linux', ip: '203.0.113.0/24' })
    await client.send((session) => session.login('ada', { device: { name: 'Kiosk 7' } }), { headers })
    expect(await device()).toEqual({ name: 'Kiosk 7', ip: '203.0.113.0/24' })
    await client.send((session) => session.login('ada'), { peer: null })
    expect(await device()).toBeNull()
  })

  it('keeps no device when the application describes none', async () => {
    const world = createWorld({ describeDevice: () => null })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { value: id } = await client.send((session) => session.id)
    expect((await world.record(id)).head).not.toHaveProperty('device')
  })
})

describe('7 Fail closed: login', () => {
  it.each(['before', 'after'] as const)('when the new session cannot be stored (%s)', async (when) => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const before = client.cookie()
    world.store.fail('create', { when })
    const error = await rejection(client.send((session) => session.login('ada')))
    expect(error).toMatchObject({ code: 'ERR_STORE', status: 503, headers: { 'retry-after': '1' } })
    expect(client.cookie()).toBe(before)
    expect((await client.send(look)).value).toEqual({ userId: null, refused: null, data: { a: 1 } })
  })

  it('when late data cannot be brought along, neither session is left', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const slow = await client.open()
    await client.send(edit({ b: 2 }))
    const before = client.cookie()
    world.store.fail('write')
    expect(await rejection(slow.session.login('ada'))).toMatchObject({ code: 'ERR_STORE' })
    expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect(client.cookie()).toBe(before)
    expect(await world.sessions.list('ada')).toEqual([])
    expect(world.eventsOf('login')).toEqual([])
  })

  it('if the store keeps failing, the first error is reported', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const cause = new Error('first')
    world.store.fail('end', { error: cause })
    world.store.fail('end', { error: new Error('second') })
    const error = await rejection(client.send((session) => session.login('ada')))
    expect(error.cause).toBe(cause)
    expect(world.eventsOf('fault')).toHaveLength(2)
  })

  it('when an id is taken, nothing of whoever has it is touched', async () => {
    const world = createWorld()
    world.store.replace('create', () => false)
    const error = await rejection(world.client().send((session) => session.login('ada')))
    expect(error).toMatchObject({ code: 'ERR_STORE' })
  })
})
