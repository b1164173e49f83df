import { describe, expect, it } from 'vitest'
import {
  type Client,
  createWorld,
  edit,
  HOUR,
  MINUTE,
  rejection,
  SECOND,
  setCookiesOf,
  stayFor,
  type TestData,
  toView,
  type World,
} from './kit.ts'

/** None of these requests may replace the token that the client received meanwhile. */
async function expectLoggedIn(client: Client<TestData>, userId: string): Promise<void> {
  expect((await client.send((session) => [session.userId, session.refused])).value).toEqual([userId, null])
}

async function loggedIn(world: World<TestData> = createWorld()) {
  const client = world.client()
  await client.send((session) => session.login('ada'))
  return { world, client }
}

describe('5 a request that was on its way while the client got a newer token', () => {
  it('a late write with the token from before the login does not replace the login’s cookie', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    const before = client.cookie()
    await client.send((session) => session.login('ada'))
    const late = await client.send(edit({ lastPage: '/about' }), { cookie: before })
    expect(late.setCookies).toEqual([])
    await expectLoggedIn(client, 'ada')
  })

  it('a late write with the token from before a rotation does not replace the rotated one', async () => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.rotate())
    const late = await client.send((session) => session.flash.set('note', 'log in first'), { cookie: before })
    expect(late.setCookies).toEqual([])
    expect(world.eventsOf('created')).toEqual([])
    await expectLoggedIn(client, 'ada')
  })

  it('a late update with such a token rejects because the session ended', async () => {
    const { client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.rotate())
    const { session } = await client.open({ cookie: before })
    expect(await rejection(session.update('n', () => 1))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('a logout with such a token ends the session, because the client held it moments ago', async () => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.rotate())
    await client.send((session) => session.logout(), { cookie: before })
    expect(client.jar.size).toBe(0)
    expect(await world.sessions.list('ada')).toEqual([])
    expect(world.eventsOf('ended')).toMatchObject([{ userId: 'ada', reason: 'logout' }])
  })

  it('everywhere, too', async () => {
    const { world, client } = await loggedIn()
    await world.client().send((session) => session.login('ada'))
    const before = client.cookie()
    await client.send((session) => session.rotate())
    await client.send((session) => session.logout({ everywhere: true }), { cookie: before })
    expect(await world.sessions.list('ada')).toEqual([])
  })

  it('a login with such a token ends the session that it belongs to, and a logout after it the new one', async () => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.rotate())
    await client.send(
      async (session) => {
        await session.login('bob')
        await session.logout()
      },
      { cookie: before },
    )
    expect(await world.sessions.list('bob')).toEqual([])
    expect(await world.sessions.list('ada')).toEqual([])
  })

  it('a login with such a token works all the same', async () => {
    const { client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.rotate())
    await client.send((session) => session.login('bob'), { cookie: before })
    await expectLoggedIn(client, 'bob')
  })

  it('after a logout, a write begins a session at once', async () => {
    const { client } = await loggedIn()
    const before = client.cookie()
    await client.send((session) => session.logout())
    const { setCookies } = await client.send((session) => session.flash.set('note', 'bye'), { cookie: before })
    expect(setCookies).toHaveLength(1)
  })

  it('a late request in the grace, with another cookie beside, does not set the old token again', async () => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    await stayFor(world, client, HOUR)
    await client.send(() => {})
    expect(client.cookie()).not.toBe(before)
    const late = await client.send((session) => session.userId, { cookie: `${before}; __Host-session=stray` })
    client.receive(late.headers)
    expect(late.value).toBe('ada')
    world.clock.advance(121 * SECOND)
    await expectLoggedIn(client, 'ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('a slow request that would hand out the successor looks whether it still is one', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(2 * MINUTE)
    const before = client.cookie()
    await client.send(() => {})
    const slow = await client.open({ cookie: before })
    await client.send((session) => session.reauthenticated())
    expect(setCookiesOf(await slow.commit())).toEqual([])
    await expectLoggedIn(client, 'ada')
  })

  it('a slow request with another cookie does not set again what was rotated meanwhile', async () => {
    const { client } = await loggedIn()
    const slow = await client.open({ cookie: `__Host-session=stray; ${client.cookie()}` })
    await client.send((session) => session.rotate())
    client.receive(await slow.commit())
    await expectLoggedIn(client, 'ada')
  })

  it('a request that was overtaken by a rotation cannot renew its old token on a node whose clock is ahead', async () => {
    const { world, client } = await loggedIn()
    const ahead = world.node({ clock: () => world.clock() + 2 * HOUR, timeouts: { idle: '4h' } })
    const slow = await ahead.open(toView({ cookie: client.cookie() }))
    await client.send((session) => session.rotate())
    expect(setCookiesOf(await slow.commit())).toEqual([])
    expect((await world.record(slow.session.id)).head.renewal).toBeUndefined()
  })

  it('nor does it tell that a renewal was confirmed', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(2 * MINUTE)
    const before = client.cookie()
    await client.send(() => {})
    world.clock.advance(2 * MINUTE)
    const confirming = await client.open()
    await client.send((session) => session.rotate(), { cookie: before })
    await confirming.commit()
    expect(world.eventsOf('renewed')).toEqual([])
  })
})

describe('several dead tokens, one of which was replaced a moment ago', () => {
  it.each(['login', 'rotate'] as const)('does not clear what the %s just set', async (verb) => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const gone = client.cookie()
    await client.send((session) => session.logout())
    world.clock.advance(HOUR / 4)
    await client.send((session) => session.login('ada'))
    const before = client.cookie()
    await client.send((session) => (verb === 'login' ? session.login('ada') : session.rotate()))
    const { setCookies } = await client.send((session) => session.refused, { cookie: `${gone}; ${before}` })
    expect(setCookies.filter((line) => line.startsWith('__Host-session=;') && !line.includes('Partitioned'))).toEqual(
      [],
    )
    await expectLoggedIn(client, 'ada')
  })
})

describe('a login moments before the session would have expired', () => {
  it('is remembered long enough for late requests not to clear the new cookie', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    const before = client.cookie()
    world.clock.advance(30 * MINUTE - 1)
    await client.send((session) => session.login('ada'))
    world.clock.advance(2)
    await world.sessions.sweep()
    const late = await client.send((session) => session.refused, { cookie: before })
    expect(late).toMatchObject({ value: 'ended', setCookies: [] })
    await expectLoggedIn(client, 'ada')
  })
})

describe('many new tokens within one grace', () => {
  it('rotations in a row raise no alarm over a request from before the first', async () => {
    const { world, client } = await loggedIn()
    const before = client.cookie()
    for (let i = 0; i < 8; i++) await client.send((session) => session.rotate())
    expect((await client.send((session) => session.refused, { cookie: before })).value).toBe('superseded')
    await expectLoggedIn(client, 'ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('does not grow the record without end', async () => {
    const { world, client } = await loggedIn()
    for (let i = 0; i < 200; i++) await client.send((session) => session.rotate())
    const { value: id } = await client.send((session) => session.id)
    expect(JSON.stringify(await world.record(id)).length).toBeLessThan(4000)
  })
})
