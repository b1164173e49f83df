import { describe, expect, it } from 'vitest'
import { createWorld, edit, look, MINUTE } from './kit.ts'

describe('8 Quiet', () => {
  it('stores nothing and sets no cookie for a visitor whose session is only looked at', async () => {
    const { client, store, events, warnings, clock } = createWorld()
    const visitor = client()
    const { setCookies } = await visitor.send(async (session) => {
      const { id, userId, isNew, createdAt, lastSeenAt, expiresAt, device, refused, methods, assurance } = session
      expect({ userId, isNew, device, refused, methods, assurance }).toEqual({
        userId: null,
        isNew: true,
        device: null,
        refused: null,
        methods: [],
        assurance: null,
      })
      expect(id).toMatch(/^[\w-]{22}$/)
      expect(session.id).toBe(id)
      expect(createdAt).toEqual(new Date(clock()))
      expect(lastSeenAt).toEqual(createdAt)
      expect(+expiresAt - +createdAt).toBe(30 * MINUTE)
      expect(session.authenticatedAt).toBeNull()
      await session.rotate()
      await session.logout()
      await session.devices()
      return [session.data.nothing, Object.keys(session.data), session.flash.take('note')]
    })
    expect(setCookies).toEqual([])
    expect(store.calls).toEqual([])
    expect(events).toEqual([])
    expect(warnings).toEqual([])
  })

  it('a session that is stored is read once a request, and not written by reading', async () => {
    const { client, store } = createWorld()
    const visitor = client()
    await visitor.send((session) => {
      edit({ cart: [1], deep: { a: [{}] } })(session)
      session.flash.set('note', 1)
    })
    store.calls.length = 0
    for (let i = 0; i < 3; i++) {
      const { setCookies } = await visitor.send((session) => {
        JSON.stringify([look(session), session.id, session.expiresAt])
        for (const value of Object.values(session.data)) void value
      })
      expect(setCookies).toEqual([])
    }
    expect(store.calls.map(({ operation }) => operation)).toEqual(['read', 'read', 'read'])
  })

  it('a request that does not look at the session is quiet too', async () => {
    const { client, store } = createWorld()
    const visitor = client()
    await visitor.send(edit({ a: 1 }))
    store.calls.length = 0
    expect((await visitor.send(() => {})).headers).toEqual([])
    expect(store.calls.map(({ operation }) => operation)).toEqual(['read'])
  })

  it('an edit that is taken back, or comes to nothing, begins no session', async () => {
    const { client, store } = createWorld()
    const { setCookies } = await client().send((session) => {
      edit({ a: 1, b: undefined })(session)
      delete session.data.a
      session.data = {}
    })
    expect(setCookies).toEqual([])
    expect(store.calls).toEqual([])
  })

  it('the first edit begins one, in one write', async () => {
    const { client, store, sessions, events, clock } = createWorld()
    const visitor = client()
    let id = ''
    const { setCookies } = await visitor.send((session) => {
      id = session.id
      edit({ a: 1 })(session)
    })
    expect(setCookies).toHaveLength(1)
    expect(setCookies[0]).toMatch(/^__Host-session=[\w-]{54}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(store.calls).toHaveLength(1)
    expect(store.calls[0]?.args[0]).toEqual({
      kind: 'live',
      id,
      userId: null,
      version: 0,
      createdAt: clock(),
      lastSeenAt: clock(),
      expiresAt: clock() + 30 * MINUTE,
      head: { secret: expect.stringMatching(/^[\w-]{43}$/), secretAt: clock() },
      data: { a: '1' },
    })
    expect(events).toMatchObject([{ type: 'created', id }])
    expect(sessions.store).toBe(store)
  })

  it('commit twice says the same twice, and stores once', async () => {
    const { client, store } = createWorld()
    const { session, commit } = await client().open()
    edit({ a: 1 })(session)
    const first = await commit()
    expect(await commit()).toEqual(first)
    expect(store.calls).toHaveLength(1)
  })

  it('a store that answers at once keeps the whole request in one turn', () => {
    const { sessions } = createWorld()
    const view = { method: 'GET', url: '/', secure: true, peer: null, header: () => null }
    const exchange = sessions.open(view)
    expect(exchange).not.toBeInstanceOf(Promise)
    if (exchange instanceof Promise) return
    expect(exchange.commit()).toEqual([])
    expect(exchange.finish()).toBeUndefined()
  })
})
