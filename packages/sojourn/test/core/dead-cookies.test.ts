import type { SessionError } from 'sojourn'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  createWorld,
  edit,
  HOUR,
  look,
  MINUTE,
  rejection,
  setCookiesOf,
  stayFor,
  type TestData,
  type World,
} from './kit.ts'

const UNKNOWN = `__Host-session=${'A'.repeat(54)}`

/** A cookie that is dead, in each way in which one can be. */
const DEAD: [string, (world: World<TestData>, client: Client<TestData>) => Promise<string>][] = [
  ['malformed', async () => '__Host-session=stray'],
  ['unknown', async () => UNKNOWN],
  [
    'expired',
    async (world, client) => {
      world.clock.advance(HOUR)
      return client.cookie()
    },
  ],
  [
    'ended',
    async (world, client) => {
      const cookie = client.cookie()
      await client.send((session) => session.logout())
      world.clock.advance(10 * MINUTE)
      return cookie
    },
  ],
  [
    'superseded',
    async (_, client) => {
      const cookie = client.cookie()
      await client.send((session) => session.rotate())
      return cookie
    },
  ],
  [
    'reused',
    async (world, client) => {
      const cookie = client.cookie()
      await stayFor(world, client, HOUR)
      await client.send(() => {})
      await client.send(() => {})
      world.clock.advance(10 * MINUTE)
      return cookie
    },
  ],
  ['ambiguous', async (world, client) => `${client.cookie()}; ${await loggedIn(world, 'mallory')}`],
]

async function loggedIn(world: World<TestData>, userId: string): Promise<string> {
  const client = world.client()
  await client.send((session) => session.login(userId))
  return client.cookie()
}

describe('5 Renewal never logs an honest client out: nor does a request that began with a dead cookie', () => {
  it.each(DEAD)('(%s) and is answered after a login, a long poll on the login page', async (refused, toCookie) => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const cookie = await toCookie(world, client)
    const poll = await client.open({ cookie })
    expect(poll.session.refused).toBe(refused)
    await client.send((session) => session.login('ada'), { cookie })
    client.receive(await poll.commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it.each(DEAD)('(%s): its owner is not stuck: a logout clears it', async (_, toCookie) => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const cookie = await toCookie(world, client)
    const { headers } = await client.send((session) => session.logout(), { cookie })
    expect(setCookiesOf(headers)).toContainEqual(expect.stringMatching(/^__Host-session=; Max-Age=0/))
  })

  it('(ambiguous): its owner is not stuck, although the other cookie cannot be removed: a login ends both sessions', async () => {
    const world = createWorld({ cookie: { name: '__Secure-session', domain: 'shop.example' } })
    const [victim, evil] = [world.client(), world.client()]
    await victim.send((session) => session.login('ada'))
    await evil.send((session) => session.login('mallory'))
    const planted = evil.cookie()
    await victim.send((session) => session.login('ada'), { cookie: `${planted}; ${victim.cookie()}` })
    const { value } = await victim.send(look, { cookie: `${planted}; ${victim.cookie()}` })
    expect(value).toMatchObject({ userId: 'ada', refused: null })
  })
})

const REALLY_DEAD = DEAD.filter(([refused]) => refused !== 'superseded' && refused !== 'reused')

describe('a visitor whose cookie is dead', () => {
  it.each(REALLY_DEAD)('(%s) adds to the cart, and it is there on the next page', async (_, toCookie) => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    await client.send(edit({ cart: 1 }), { cookie: await toCookie(world, client) })
    expect((await client.send(look)).value).toMatchObject({ refused: null, data: { cart: 1 } })
  })

  it.each([UNKNOWN, ''])(
    'known rest: one (%j) whose first write is answered after a login has to log in again',
    async (cookie) => {
      const world = createWorld()
      const client = world.client()
      const slow = await client.open({ cookie })
      await client.send((session) => session.login('ada'), { cookie })
      const kept = client.cookie()
      edit({ cart: 1 })(slow.session)
      client.receive(await slow.commit())
      expect((await client.send(look)).value).toMatchObject({ userId: null, data: { cart: 1 } })
      expect((await client.send(look, { cookie: kept })).value.userId).toBe('ada')
    },
  )
})

describe('any holder of a token can end its session', () => {
  it.each([false, true])(
    'a logout (everywhere: %s) with more tokens than are looked at is refused, and the cookie stays for the next try',
    async (everywhere) => {
      const world = createWorld({ cookie: { name: '__Secure-session', domain: 'shop.example' } })
      const client = world.client()
      await client.send((session) => session.login('ada'))
      const strays = Array.from({ length: 8 }, (_, i) => `__Secure-session=${`${i}`.repeat(53)}A`)
      const exchange = await client.open({ cookie: [...strays, client.cookie()].join('; ') })
      const { code, status } = (await rejection(exchange.session.logout({ everywhere }))) as SessionError
      expect({ code, status }).toEqual({ code: 'ERR_TOO_MANY_TOKENS', status: 400 })
      expect(setCookiesOf(exchange.salvage())).toEqual([])
      expect((await client.send(look)).value.userId).toBe('ada')
    },
  )

  it('a user who has more tokens than are looked at gets out: a login removes the duplicates, a logout everywhere ends the rest', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const strays = Array.from({ length: 8 }, (_, i) => `__Host-session=${`${i}`.repeat(53)}A`)
    const old = client.cookie()
    const { headers } = await client.send((session) => session.login('ada'), { cookie: [...strays, old].join('; ') })
    expect(setCookiesOf(headers).filter((line) => line.includes('Max-Age=0'))).not.toEqual([])
    await client.send((session) => session.logout({ everywhere: true }))
    expect((await client.send(look, { cookie: old })).value.refused).toBe('ended')
  })

  it.each([false, true])(
    'a logout (everywhere: %s) after a login of the same request ends that login’s session, with more tokens than are looked at',
    async (everywhere) => {
      const world = createWorld()
      const client = world.client()
      const strays = Array.from({ length: 9 }, (_, i) => `__Host-session=${`${i}`.repeat(53)}A`)
      const { headers } = await client.send(
        async (session) => {
          await session.login('ada')
          await session.logout({ everywhere })
        },
        { cookie: strays.join('; ') },
      )
      expect(await world.sessions.list('ada')).toEqual([])
      expect(setCookiesOf(headers).every((line) => line.includes('Max-Age=0'))).toBe(true)
    },
  )

  it('a logout of a visitor with edits and more tokens than the limit is refused', async () => {
    const world = createWorld()
    const strays = Array.from({ length: 9 }, (_, i) => `__Host-session=${`${i}`.repeat(53)}A`)
    const { session } = await world.client().open({ cookie: strays.join('; ') })
    await session.update('cart', () => ['lamp'])
    expect(await rejection(session.logout())).toMatchObject({ code: 'ERR_TOO_MANY_TOKENS' })
  })

  it.each([false, true])('a logout (everywhere: %s) with two live tokens ends both', async (everywhere) => {
    const world = createWorld({ cookie: { name: '__Secure-session', domain: 'shop.example' } })
    const [victim, evil] = [world.client(), world.client()]
    await victim.send((session) => session.login('victim'))
    await evil.send((session) => session.login('evil'))
    const [mine, planted] = [victim.cookie(), evil.cookie()]
    await victim.send((session) => session.logout({ everywhere }), { cookie: `${mine}; ${planted}` })
    for (const cookie of [mine, planted]) {
      expect((await world.client().send(look, { cookie })).value).toMatchObject({ userId: null, refused: 'ended' })
    }
    expect(world.eventsOf('ended')).toMatchObject([{ reason: 'logout' }, { reason: 'logout' }])
  })

  it('a login ends the session of a thief who rotated first', async () => {
    const world = createWorld()
    const [owner, thief] = [world.client(), world.client()]
    await owner.send((session) => session.login('ada'))
    for (const [key, value] of owner.jar) thief.jar.set(key, value)
    await thief.send((session) => session.rotate())
    world.clock.advance(5000)
    expect((await owner.send(look)).value).toMatchObject({ userId: null, refused: 'superseded' })
    await owner.send((session) => session.login('ada'))
    expect((await thief.send(look)).value).toMatchObject({ userId: null, refused: 'ended' })
    expect((await owner.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
    expect(world.eventsOf('ended')).toMatchObject([{ userId: 'ada', reason: 'login' }])
  })

  it('a login whose store cannot end that session leaves the client as it was', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const before = client.cookie()
    await client.send((session) => session.rotate())
    world.store.fail('end')
    const { session } = await client.open({ cookie: before })
    await expect(session.login('ada')).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(await world.sessions.list('ada')).toHaveLength(1)
    await session.login('ada')
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })
})
