import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection, toView } from './kit.ts'

describe('3 Strict', () => {
  it('fixation: a token that an attacker planted before the login opens nothing after it', async () => {
    const world = createWorld()
    const attacker = world.client()
    await attacker.send(edit({ cart: ['bait'] }))
    const planted = attacker.cookie()
    const victim = world.client()
    for (const [key, value] of attacker.jar) victim.jar.set(key, value)
    await victim.send((session) => session.login('ada'))
    expect(victim.cookie()).not.toBe(planted)
    expect((await attacker.send(look)).value).toEqual({ userId: null, refused: 'ended', data: {} })
    expect((await victim.send(look)).value.userId).toBe('ada')
  })

  it('fixation: an id or token of the client’s own making never becomes a session', async () => {
    const world = createWorld()
    const made = world.node().open(toView())
    const { session } = await made
    const client = world.client()
    for (const text of ['A'.repeat(54), session.id, 'admin', '0'.repeat(54)]) {
      const { value } = await client.send(
        (opened) => {
          edit({ mine: true })(opened)
          return [opened.id, opened.refused, opened.isNew]
        },
        { cookie: `__Host-session=${text}` },
      )
      expect(['unknown', 'malformed']).toContain(value[1])
      expect(value[2]).toBe(true)
      expect(client.token()).not.toContain(text)
      expect(client.token()?.slice(0, 20)).not.toBe(text.slice(0, 20))
    }
  })

  it('a token of one application is unknown to another', async () => {
    const [one, two] = [createWorld(), createWorld()]
    const client = one.client()
    await client.send((session) => session.login('ada'))
    expect((await two.client().send(look, { cookie: client.cookie() })).value).toMatchObject({
      userId: null,
      refused: 'unknown',
    })
  })

  it('a swept session is never adopted by its token', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const { value: before } = await client.send((session) => session.id)
    world.clock.advance(86_400_000)
    await world.sessions.sweep()
    await client.send(edit({ b: 2 }))
    const { value } = await client.send((session) => ({ ...look(session), id: session.id }))
    expect(value).toMatchObject({ data: { b: 2 }, refused: null })
    expect(value.id).not.toBe(before)
  })
})

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

describe('what comes along', () => {
  async function loginWith(options: object, first: string | null = null) {
    const world = createWorld()
    const client = world.client()
    if (first !== null) await client.send((session) => session.login(first))
    await client.send((session) => {
      edit({ cart: ['lamp'], theme: 'dark', '~odd': 1, ['__proto__']: 2 })(session)
      session.flash.set('note', 'hello')
    })
    await client.send(async (session) => {
      edit({ pending: true })(session)
      await session.login('ada', options)
    })
    const { value } = await client.send((session) => ({ ...look(session).data, flash: session.flash.take('note') }))
    return value
  }

  it.each([{}, { carry: true }])('everything, edits of this request too: %j', async (options) => {
    expect(await loginWith(options)).toEqual({
      cart: ['lamp'],
      ['__proto__']: 2,
      theme: 'dark',
      '~odd': 1,
      pending: true,
      flash: 'hello',
    })
  })

  it('nothing', async () => {
    expect(await loginWith({ carry: false })).toEqual({ flash: undefined })
  })

  it('some keys, however odd', async () => {
    expect(await loginWith({ carry: ['cart', '~odd', 'absent', 'toString'] })).toEqual({
      cart: ['lamp'],
      '~odd': 1,
      flash: undefined,
    })
  })

  it.each([{}, { carry: true }, { carry: ['cart'] }])(
    'nothing of another user, whatever is asked: %j',
    async (options) => {
      expect(await loginWith(options, 'bob')).toEqual({ flash: undefined })
    },
  )

  it('everything of the same user', async () => {
    expect(await loginWith({}, 'ada')).toMatchObject({ cart: ['lamp'], pending: true, flash: 'hello' })
  })

  it('after a logout in between, nothing', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await client.send(edit({ secret: 1 }))
    await client.send((session) => session.logout())
    await client.send((session) => session.login('ada'))
    expect((await client.send(look)).value.data).toEqual({})
  })
})

describe('2 No lost update: what parallel requests write to the old session while a login runs', () => {
  async function raced(options: object, first: string | null = null) {
    const world = createWorld()
    const client = world.client()
    if (first !== null) await client.send((session) => session.login(first))
    await client.send(edit({ a: 1, gone: 1 }))
    const slow = await client.open()
    await client.send((session) => {
      edit({ b: 2 })(session)
      session.flash.set('note', 'late')
      delete session.data.gone
    })
    await client.send((session) => session.update('a', (a) => Number(a) + 10))
    await slow.session.login('ada', options)
    client.receive(await slow.commit())
    return (await client.send((session) => ({ ...look(session).data, flash: session.flash.take('note') }))).value
  }

  it('comes along', async () => {
    expect(await raced({})).toEqual({ a: 11, b: 2, flash: 'late' })
  })

  it('comes along for the keys that do', async () => {
    expect(await raced({ carry: ['b'] })).toEqual({ b: 2, flash: undefined })
    expect(await raced({ carry: false })).toEqual({ flash: undefined })
  })

  it('never to another user', async () => {
    expect(await raced({}, 'bob')).toEqual({ flash: undefined })
  })

  it('in the last moment too: between the new session and the end of the old', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const slow = await client.open()
    const other = await client.open()
    const gate = world.store.hold('end')
    const login = slow.session.login('ada')
    await gate.reached
    await other.session.update('n', () => 1)
    edit({ b: 2 })(other.session)
    await other.commit()
    gate.release()
    await login
    expect({ ...slow.session.data }).toEqual({ a: 1, b: 2, n: 1 })
    client.receive(await slow.commit())
    expect((await client.send(look)).value.data).toEqual({ a: 1, b: 2, n: 1 })
  })

  it('a session that is revoked while it begins, and found so, is no login', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const slow = await client.open()
    await client.send(edit({ b: 2 }))
    const gate = world.store.hold('end')
    const login = slow.session.login('ada')
    await gate.reached
    await world.node().revokeAll('ada')
    gate.release()
    expect(await rejection(login)).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect(world.eventsOf('login')).toEqual([])
  })

  it('two logins at once from one session: both stand, the data is in each that found it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const [one, two] = [await client.open(), await client.open()]
    await Promise.all([one.session.login('ada'), two.session.login('ada')])
    client.receive(await one.commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { a: 1 } })
    client.receive(await two.commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { a: 1 } })
    expect(world.eventsOf('ended')).toHaveLength(1)
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

  it('when the store fails on and on, the first error is the one that is told', async () => {
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
