import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, rejection } from './kit.ts'

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id, cookie: client.cookie() }
}

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
  it('ends the session, clears the cookie, and continues as an anonymous one', async () => {
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
    world.clock.advance(HOUR)
    const late = await client.send((session) => session.refused, { cookie })
    expect(late.setCookies).toEqual([])
  })
})
