import { describe, expect, it } from 'vitest'
import {
  type Client,
  createWorld,
  HOUR,
  look,
  MINUTE,
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

describe('whoever holds a token ends its session', () => {
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
