import { describe, expect, it } from 'vitest'
import { createWorld, edit, rejection } from './kit.ts'

describe('7 a store that fails in the middle of a login', () => {
  it.each(['before', 'after'] as const)(
    'leaves the handler on the session it had (end fails %s the store did it)',
    async (when) => {
      const world = createWorld()
      const client = world.client()
      await client.send(edit({ cart: ['lamp'] }))
      const before = client.cookie()
      world.store.fail('end', { when })
      const reply = await client.send(async (session) => {
        const { id } = session
        expect(await rejection(session.login('ada'))).toMatchObject({ code: 'ERR_STORE', status: 503 })
        expect(session).toMatchObject({ id, userId: null, data: { cart: ['lamp'] } })
        session.flash.set('note', 'Try again.')
      })
      expect(reply.setCookies).toEqual([])
      expect(client.cookie()).toBe(before)
      expect(await world.sessions.list('ada')).toEqual([])
      const { value } = await client.send((session) => [session.data.cart, session.flash.take('note')])
      expect(value).toEqual(when === 'before' ? [['lamp'], 'Try again.'] : [undefined, undefined])
    },
  )

  it('keeps edits made before the login that failed', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    world.store.fail('create')
    await client.send(async (session) => {
      session.data.b = 2
      await rejection(session.login('ada'))
    })
    world.store.fail('end')
    await client.send(async (session) => {
      session.data.c = 3
      await rejection(session.login('ada'))
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ a: 1, b: 2, c: 3 })
  })
})

describe('a handler that does not wait', () => {
  it('for an update that begins the session, and logs in: the login counts, with the update’s value', async () => {
    for (const when of ['before', 'after'] as const) {
      const world = createWorld()
      const client = world.client()
      const gate = world.store.hold('create', when)
      const { session, commit } = await client.open()
      const update = session.update('n', () => 1)
      await gate.reached
      const login = session.login('ada')
      gate.release()
      await Promise.all([update, login])
      client.receive(await commit())
      const { value } = await client.send(({ userId, data }) => ({ userId, n: data.n }))
      expect(value).toEqual({ userId: 'ada', n: 1 })
      expect(world.store.count('create')).toBe(2)
      expect(world.eventsOf('ended')).toHaveLength(1)
    }
  })

  it('for its login, and whose response is replaced by an error page, gets an error, and the session before stays', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const gate = world.store.hold('create')
    const { session, salvage, finish } = await client.open()
    const login = rejection(session.login('ada'))
    await gate.reached
    client.receive(salvage())
    gate.release()
    expect(await login).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    await finish()
    expect(await world.sessions.list('ada')).toEqual([])
    expect((await client.send(({ userId, data }) => ({ userId, a: data.a }))).value).toEqual({ userId: null, a: 1 })
  })

  it('for the first of two logins: the second counts', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => Promise.all([session.login('ada'), session.login('bob')]))
    expect((await client.send(({ userId }) => userId)).value).toBe('bob')
    expect(await world.sessions.list('ada')).toEqual([])
  })
})

describe('references that a handler took from the session before a login', () => {
  it('still is the session’s: data and flash', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    await client.send(async (session) => {
      const { data, flash } = session
      await session.login('ada')
      data.theme = 'dark'
      flash.set('note', 'Welcome.')
    })
    const { value } = await client.send((session) => [{ ...session.data }, session.flash.take('note')])
    expect(value).toEqual([{ cart: ['lamp'], theme: 'dark' }, 'Welcome.'])
  })
})

describe('an update whose answer comes after the request went on as another session', () => {
  it('does not bring the session back after a logout', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const gate = world.store.hold('write', 'after')
    const reply = await client.send(async (session) => {
      const update = session.update('n', () => 1)
      await gate.reached
      await session.logout()
      gate.release()
      await update
      expect(session.userId).toBeNull()
      expect({ ...session.data }).toEqual({})
    })
    expect(reply.setCookies).toHaveLength(1)
    expect(client.token()).toBeNull()
  })

  it('does not show one user’s value to the next', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const gate = world.store.hold('write', 'after')
    await client.send(async (session) => {
      const update = session.update('secret', () => 'of ada')
      await gate.reached
      await session.login('bob')
      gate.release()
      await update
      expect(session.userId).toBe('bob')
      expect({ ...session.data }).toEqual({})
    })
    expect((await client.send((session) => [session.userId, { ...session.data }])).value).toEqual(['bob', {}])
  })

  it('is carried by a login of the same user', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const gate = world.store.hold('write', 'after')
    await client.send(async (session) => {
      const update = session.update('n', () => 1)
      await gate.reached
      await session.login('ada')
      gate.release()
      await update
      expect(session.data.n).toBe(1)
      session.data.m = 2
    })
    expect((await client.send((session) => ({ ...session.data }))).value).toEqual({ n: 1, m: 2 })
  })
})

describe('reauthenticated() with an object that a client may have written', () => {
  it('refuses what is neither methods nor assurance, and stores nothing of it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada', { methods: ['pwd'] }))
    const body = {
      methods: ['pwd', 'otp'],
      assurance: 'aal2',
      absoluteMs: 1e15,
      idleMs: 1e15,
      sealedKey: 'x',
      device: 'y',
    }
    const { value: id } = await client.send(async (session) => {
      const error = await rejection(session.reauthenticated(body))
      expect(error).toMatchObject({ code: 'ERR_OPTION' })
      return session.id
    })
    const { head } = await world.record(id)
    expect(Object.keys(head).sort()).toEqual(['secret', 'secretAt', 'authenticatedAt', 'methods', 'device'].sort())
    expect(head.methods).toEqual(['pwd'])
    expect(head.device).not.toBe('y')
  })
})
