import type { Exchange, RequestView } from 'sojourn'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  createWorld,
  edit,
  HOUR,
  MINUTE,
  rejection,
  setCookiesOf,
  stayFor,
  type TestData,
  toView,
  type World,
} from './kit.ts'

/** A request of this client whose response can carry no header: an open socket, a server component. */
function openMute(
  world: World<TestData>,
  client: Client<TestData>,
  more: Partial<RequestView> = {},
): Promise<Exchange<TestData>> {
  const view = toView({ cookie: client.cookie() })
  return Promise.resolve(world.sessions.open({ ...view, canSetHeaders: false, ...more }))
}

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  world.events.length = 0
  world.store.calls.length = 0
  return { world, client }
}

describe('where no header can be set', () => {
  it.each([
    ['login', (session) => session.login('eve')],
    ['rotate', (session) => session.rotate()],
    ['reauthenticated', (session) => session.reauthenticated()],
    ['logout with clearSiteData', (session) => session.logout({ clearSiteData: ['cache'] })],
  ] as const satisfies readonly (readonly [string, (session: Exchange<TestData>['session']) => Promise<void>])[])(
    '%s fails at once, says where to call it, and does nothing',
    async (name, verb) => {
      const { world, client } = await loggedIn()
      const { session, commit } = await openMute(world, client)
      const error = await rejection(verb(session))
      expect(error).toMatchObject({ code: 'ERR_NO_HEADERS', status: 500 })
      expect(error.message).toContain(`Call ${name} in a route handler`)
      expect(world.store.count('write') + world.store.count('create') + world.store.count('end')).toBe(0)
      expect(setCookiesOf(await commit())).toEqual([])
      expect((await client.send(({ userId }) => userId)).value).toBe('ada')
    },
  )

  it('logout ends the session for good, and the client keeps a token that opens nothing', async () => {
    const { world, client } = await loggedIn()
    const { session, commit } = await openMute(world, client)
    await session.logout()
    expect(setCookiesOf(await commit())).toEqual([])
    expect((await client.send(({ userId, refused }) => [userId, refused])).value).toEqual([null, 'ended'])
  })

  it('an edit or an update that would begin a session fails, and stores nothing that nobody could open', async () => {
    const world = createWorld()
    const first = await openMute(world, world.client())
    edit({ a: 1 })(first.session)
    expect(await rejection(async () => first.commit())).toMatchObject({ code: 'ERR_NO_HEADERS' })
    const second = await openMute(world, world.client())
    expect(await rejection(second.session.update('a', () => 1))).toMatchObject({
      code: 'ERR_NO_HEADERS',
    })
    expect(world.store.count('create')).toBe(0)
  })

  it('data of a new session after the commit is lost, and the warning gives the right cause', async () => {
    const world = createWorld()
    const { session, commit, finish } = await openMute(world, world.client())
    await commit()
    edit({ a: 1 })(session)
    await finish()
    const code = 'ERR_NO_HEADERS'
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'finish', error: { code } }])
    expect(world.warnings.join()).toContain('This response cannot set a header')
  })

  it('edits and updates of a stored session are stored', async () => {
    const { world, client } = await loggedIn()
    const { session, commit } = await openMute(world, client)
    edit({ a: 1 })(session)
    await session.update('b', () => 2)
    await commit()
    expect((await client.send(({ data }) => ({ ...data }))).value).toEqual({ a: 1, b: 2 })
  })

  it('5 Renewal never logs an honest client out: a due renewal is left to a request that can carry it', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    const before = client.cookie()
    world.clock.advance(2 * MINUTE)
    for (let i = 0; i < 3; i++) {
      const { session, commit } = await openMute(world, client)
      expect(session.userId).toBe('ada')
      expect(setCookiesOf(await commit())).toEqual([])
      const record = await world.record(session.id)
      expect(record.head.renewal).toBeUndefined()
      expect(record.lastSeenAt).toBe(world.clock())
      world.clock.advance(2 * MINUTE)
    }
    await client.send(() => {})
    expect(client.cookie()).not.toBe(before)
  })

  it('a renewal that has begun is neither finished nor told here: the next request gets the same successor', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(2 * MINUTE)
    const lost = await client.open()
    const [cookie] = setCookiesOf(await lost.commit())
    world.clock.advance(2 * MINUTE)
    const { session, commit, recheck } = await openMute(world, client)
    await commit()
    await recheck()
    expect((await world.record(session.id)).head.renewal).toBeDefined()
    expect((await client.send(() => {})).setCookies).toEqual([cookie])
    expect((await client.send(({ userId }) => userId)).value).toBe('ada')
    expect(world.eventsOf('renewed')).toHaveLength(1)
  })

  it('a token that was renewed elsewhere and is first seen here counts as seen', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(2 * MINUTE)
    await client.send(() => {})
    const { session, commit } = await openMute(world, client)
    await commit()
    expect((await world.record(session.id)).head.renewal).toBeUndefined()
    expect(world.eventsOf('renewed')).toHaveLength(1)
  })
})
