import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, rejection } from './kit.ts'

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

  it('two parallel logins from one session: both are kept, each with the data that it found', async () => {
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
