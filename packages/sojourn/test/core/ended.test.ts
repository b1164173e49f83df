import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, MINUTE, rejection, SECOND, stayFor, type TestData, toView } from './kit.ts'
import type { When } from './kit-store.ts'

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id, cookie: client.cookie() }
}

const ENDS: Record<string, (world: Awaited<ReturnType<typeof loggedIn>>) => Promise<unknown>> = {
  logout: async ({ client, cookie }) => client.send((session) => session.logout(), { cookie }),
  revoke: async ({ world, id }) => world.sessions.revoke(id),
  revokeAll: async ({ world }) => world.sessions.revokeAll('ada'),
  erase: async ({ world }) => world.sessions.erase('ada'),
  'revokeDevice of another session': async ({ world, id }) => {
    const other = world.client()
    await other.send((session) => session.login('ada'))
    await other.send((session) => session.revokeDevice(id))
  },
  'revokeOthers of another session': async ({ world }) => {
    const other = world.client()
    await other.send((session) => session.login('ada'))
    await other.send((session) => session.revokeOthers())
  },
  'login of somebody else': async ({ client, cookie }) => client.send((session) => session.login('bob'), { cookie }),
}

describe('1 Ended is ended', () => {
  describe.each(Object.entries(ENDS))('by %s', (_, end) => {
    it('no request on any node opens it', async () => {
      const it = await loggedIn()
      await end(it)
      for (const sessions of [it.world.sessions, it.world.node()]) {
        const { session } = await sessions.open(toView({ cookie: it.cookie }))
        expect(look(session)).toEqual({ userId: null, refused: 'ended', data: {} })
        expect(session.isNew).toBe(true)
        expect(session.id).not.toBe(it.id)
      }
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it.each([
      ['an edit', (session: Session<TestData>) => edit({ late: true })(session)],
      ['a flash', (session: Session<TestData>) => session.flash.set('late', true)],
      ['nothing but last-seen', () => {}],
    ])('a save in flight does not bring it back: %s', async (_name, work) => {
      const it = await loggedIn()
      it.world.clock.advance(5 * MINUTE)
      const slow = await it.client.open({ cookie: it.cookie })
      await work(slow.session)
      await end(it)
      const headers = await slow.commit()
      await slow.finish()
      expect(headers.filter(({ name }) => name === 'set-cookie')).toEqual([])
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
      expect((await it.client.send(look, { cookie: it.cookie })).value.refused).toBe('ended')
    })

    it.each<When>(['before', 'after'])('a save that reaches the store %s the end does not, either', async (when) => {
      const it = await loggedIn()
      const slow = await it.client.open({ cookie: it.cookie })
      edit({ late: true })(slow.session)
      const gate = it.world.store.hold('write', when)
      const commit = slow.commit()
      await gate.reached
      await end(it)
      gate.release()
      await commit
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it('a renewal in flight does not, and hands out no token', async () => {
      const it = await loggedIn()
      await stayFor(it.world, it.client, HOUR - MINUTE)
      it.world.clock.advance(MINUTE)
      const slow = await it.client.open({ cookie: it.cookie })
      await end(it)
      expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it('a renewal that is waiting does not, and the successor opens nothing', async () => {
      const it = await loggedIn()
      await stayFor(it.world, it.client, HOUR)
      const successor = it.client.cookie()
      expect(successor).not.toBe(it.cookie)
      await end(it)
      expect((await it.client.send(look, { cookie: successor })).value.refused).toBe('ended')
    })

    it.each([
      ['update', (session: Session<TestData>) => session.update('n', () => 1)],
      ['rotate', (session: Session<TestData>) => session.rotate()],
      ['reauthenticated', (session: Session<TestData>) => session.reauthenticated()],
    ])('%s in flight is told', async (_name, verb) => {
      const it = await loggedIn()
      const slow = await it.client.open({ cookie: it.cookie })
      await end(it)
      expect(await rejection(Promise.resolve(verb(slow.session)))).toMatchObject({
        code: 'ERR_SESSION_ENDED',
        status: 401,
      })
      expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    })

    it('what a parallel request reads is not honoured once the end resolved', async () => {
      const it = await loggedIn()
      const gate = it.world.store.hold('read')
      const opening = it.client.open({ cookie: it.cookie })
      await gate.reached
      await end(it)
      gate.release()
      expect((await opening).session.userId).toBeNull()
    })
  })

  it('a logout in flight twice is one end, and both resolve', async () => {
    const { world, client, cookie } = await loggedIn()
    const requests = await Promise.all([client.open({ cookie }), client.open({ cookie })])
    await Promise.all(requests.map(({ session }) => session.logout()))
    expect(world.eventsOf('ended')).toHaveLength(1)
  })

  it('a logout while the store cannot answer does not pretend', async () => {
    const { world, client, cookie } = await loggedIn()
    world.store.fail('end')
    const { session, commit } = await client.open({ cookie })
    expect(await rejection(session.logout())).toMatchObject({ code: 'ERR_STORE' })
    expect(session.userId).toBe('ada')
    expect((await commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect((await client.send(look, { cookie })).value.userId).toBe('ada')
  })

  it('the tombstone stays until the session would have expired, and names nobody', async () => {
    const { world, client, id, cookie } = await loggedIn()
    world.clock.advance(10 * MINUTE)
    await client.send((session) => session.logout())
    const endedAt = world.clock()
    expect(await world.kept(id)).toEqual({
      kind: 'ended',
      id,
      reason: 'logout',
      endedAt,
      expiresAt: endedAt + 20 * MINUTE,
    })
    world.clock.advance(20 * MINUTE - 1)
    await world.sessions.sweep()
    expect((await client.send(look, { cookie })).value.refused).toBe('ended')
    world.clock.advance(1)
    await world.sessions.sweep()
    expect((await client.send(look, { cookie })).value.refused).toBe('unknown')
    expect(await world.kept(id)).toBeNull()
  })

  it('an edit that came too late is told to listeners, without its value', async () => {
    const { world, client, id, cookie } = await loggedIn()
    const slow = await client.open({ cookie })
    edit({ late: 'value' })(slow.session)
    await world.sessions.revoke(id)
    world.events.length = 0
    await slow.commit()
    expect(world.events).toMatchObject([{ type: 'refused', id, reason: 'ended' }])
    await slow.finish()
    expect(world.events).toHaveLength(1)
  })
})

describe('logout everywhere', () => {
  it('ends all of the user’s sessions and nobody else’s', async () => {
    const { world, client, cookie } = await loggedIn()
    const [other, bob] = [world.client(), world.client()]
    await other.send((session) => session.login('ada'))
    await bob.send((session) => session.login('bob'))
    const { setCookies } = await client.send((session) => session.logout({ everywhere: true }))
    expect(setCookies).toMatchObject([expect.stringContaining('Max-Age=0')])
    for (const token of [cookie, other.cookie()]) {
      expect((await world.client().send(look, { cookie: token })).value.refused).toBe('ended')
    }
    expect((await bob.send(look)).value.userId).toBe('bob')
    expect(world.eventsOf('ended').map(({ reason }) => reason)).toEqual(['logout', 'logout'])
  })

  it.each(['list', 'end'] as const)(
    'that fails in the middle (%s) leaves the user the session to try again with',
    async (operation) => {
      const { world, client } = await loggedIn()
      const other = world.client()
      await other.send((session) => session.login('ada'))
      world.store.fail(operation)
      const error = await rejection(client.send((session) => session.logout({ everywhere: true })))
      expect(error).toMatchObject({ code: 'ERR_STORE' })
      expect((await client.send(look)).value.userId).toBe('ada')
      await client.send((session) => session.logout({ everywhere: true }))
      expect(await world.sessions.list('ada')).toEqual([])
    },
  )

  it('of an anonymous session is a logout', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    await client.send((session) => session.logout({ everywhere: true }))
    expect(world.store.count('list')).toBe(0)
    expect(client.jar.size).toBe(0)
  })
})

describe('logout', () => {
  it('ends the session, clears the cookie, and goes on as an anonymous one', async () => {
    const { world, client, id } = await loggedIn()
    const { setCookies, value } = await client.send(async (session) => {
      edit({ draft: 'never stored' })(session)
      await session.logout()
      return { ...look(session), id: session.id, authenticatedAt: session.authenticatedAt }
    })
    expect(value).toMatchObject({ userId: null, data: {}, authenticatedAt: null })
    expect(value.id).not.toBe(id)
    expect(setCookies).toEqual([expect.stringMatching(/^__Host-session=; Max-Age=0;.*Path=\/; HttpOnly; Secure/)])
    expect(client.jar.size).toBe(0)
    expect(world.store.count('create')).toBe(0)
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'logout' }])
  })

  it('of a visitor without a session stores nothing and sets nothing', async () => {
    const world = createWorld()
    const { setCookies } = await world.client().send((session) => session.logout())
    expect(setCookies).toEqual([])
    expect(world.store.calls).toEqual([])
  })

  it('of a dead token clears the copy', async () => {
    const { client, cookie } = await loggedIn()
    await client.send((session) => session.logout())
    const again = await client.send((session) => session.logout(), { cookie })
    expect(again.setCookies).toMatchObject([expect.stringContaining('Max-Age=0')])
  })

  it('clears a copy of every kind that was sent', async () => {
    const { client, cookie } = await loggedIn()
    const { setCookies } = await client.send((session) => session.logout(), {
      cookie: `__Host-session=stray; ${cookie}`,
    })
    expect(setCookies.length).toBeGreaterThan(1)
    expect(setCookies.every((line) => line.includes('Max-Age=0'))).toBe(true)
  })

  it('of a session that this very request began leaves no cookie', async () => {
    const world = createWorld()
    const { setCookies } = await world.client().send(async (session) => {
      await session.login('ada')
      await session.logout()
    })
    expect(setCookies).toEqual([])
    expect(await world.sessions.list('ada')).toEqual([])
  })

  it('may be followed by a message, which begins an anonymous session', async () => {
    const { client } = await loggedIn()
    await client.send(async (session) => {
      await session.logout()
      session.flash.set('note', 'Good bye.')
    })
    expect((await client.send((session) => [session.userId, session.flash.take('note')])).value).toEqual([
      null,
      'Good bye.',
    ])
  })

  it('may be followed by a login in the same request', async () => {
    const { world, client, id } = await loggedIn()
    await client.send(async (session) => {
      await session.logout()
      await session.login('bob')
    })
    expect((await client.send(look)).value).toMatchObject({ userId: 'bob' })
    expect(await world.kept(id)).toMatchObject({ reason: 'logout' })
  })

  it('works after the headers went out', async () => {
    const { world, client, id } = await loggedIn()
    const exchange = await client.open()
    await exchange.commit()
    await exchange.session.logout()
    await exchange.finish()
    expect(await world.kept(id)).toMatchObject({ kind: 'ended' })
  })

  it('adds Clear-Site-Data when asked, and only then', async () => {
    const { client } = await loggedIn()
    const { headers } = await client.send((session) => session.logout({ clearSiteData: ['cache', 'storage'] }))
    expect(headers).toContainEqual({ name: 'clear-site-data', value: '"cache", "storage"', how: 'default' })
    await client.send((session) => session.login('ada'))
    const plain = await client.send((session) => session.logout())
    expect(plain.headers.map(({ name }) => name)).not.toContain('clear-site-data')
  })

  it('in one browser tab does not clear what a parallel login set', async () => {
    const { world, client, cookie } = await loggedIn()
    await client.send((session) => session.logout())
    await client.send((session) => session.login('bob'))
    world.clock.advance(29 * SECOND)
    const late = await client.send((session) => session.refused, { cookie })
    expect(late).toMatchObject({ value: 'ended', setCookies: [] })
    world.clock.advance(SECOND)
    expect((await client.send(() => {}, { cookie })).setCookies).toMatchObject([expect.stringContaining('Max-Age=0')])
  })
})
