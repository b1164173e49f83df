import { createSessions, memoryStore, type Store } from 'sojourn'
import { backChannelLogout } from 'sojourn/signals/back-channel-logout'
import { describe, expect, it } from 'vitest'
import { HOUR, rejection, toView } from '../core/kit.ts'
import { createLogoutWorld, startIssuer } from './logout-kit.ts'

const provider = await startIssuer()
const create = () => createLogoutWorld(provider)

describe('a logout at the provider', () => {
  it('ends the session with this sid only, and answers 200 that no cache keeps', async () => {
    const world = create()
    const [here, there] = [
      await world.login('user-1', { sub: 'ada', sid: 'one' }),
      await world.login('user-1', { sub: 'ada', sid: 'two' }),
    ]
    const response = await world.logout({ sub: 'ada', sid: 'one' })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await world.isLoggedIn(here)).toBe(false)
    expect(await world.isLoggedIn(there)).toBe(true)
    expect(world.eventsOf('ended')).toMatchObject([{ userId: 'user-1', reason: 'back-channel-logout' }])
  })

  it('without a sid ends all sessions from this provider, and no local one', async () => {
    const world = create()
    const all = [await world.login('user-1', { sub: 'ada', sid: 'one' }), await world.login('user-1', { sub: 'ada' })]
    const local = world.client()
    await local.send((session) => session.login('user-1'))
    const other = await world.login('user-2', { sub: 'bob', sid: 'three' })
    expect((await world.logout({ sub: 'ada' })).status).toBe(200)
    expect(await Promise.all(all.map(world.isLoggedIn))).toEqual([false, false])
    expect(await world.isLoggedIn(local)).toBe(true)
    expect(await world.isLoggedIn(other)).toBe(true)
  })

  it('with a sid only ends the session with this sid', async () => {
    const world = create()
    const here = await world.login('user-1', { sub: 'ada', sid: 'one' })
    const there = await world.login('user-1', { sub: 'ada', sid: 'two' })
    expect((await world.logout({ sid: 'one' })).status).toBe(200)
    expect(await world.isLoggedIn(here)).toBe(false)
    expect(await world.isLoggedIn(there)).toBe(true)
  })

  it('ends every session that began with the same sid', async () => {
    const world = create()
    const all = [
      await world.login('user-1', { sub: 'ada', sid: 'one' }),
      await world.login('user-1', { sub: 'ada', sid: 'one' }),
    ]
    await world.logout({ sid: 'one' })
    expect(await Promise.all(all.map(world.isLoggedIn))).toEqual([false, false])
  })

  it('is known on another node at once', async () => {
    const world = create()
    const client = await world.login('user-1', { sub: 'ada', sid: 'one' })
    const node = world.node()
    expect((await node.open(toView({ cookie: client.cookie() }))).session.userId).toBe('user-1')
    await world.logout({ sub: 'ada', sid: 'one' })
    expect((await node.open(toView({ cookie: client.cookie() }))).session).toMatchObject({
      userId: null,
      refused: 'ended',
    })
  })

  it('of a session that is not known answers 200', async () => {
    const world = create()
    expect((await world.logout({ sub: 'nobody' })).status).toBe(200)
    expect((await world.logout({ sid: 'nothing' })).status).toBe(200)
    expect(world.eventsOf('ended')).toEqual([])
  })

  it('begins no session and stores no readable text of the provider', async () => {
    const world = create()
    await world.login('user-1', { sub: 'ada-at-the-provider', sid: 'sid-at-the-provider' })
    await world.logout({ sub: 'bob-at-the-provider', sid: 'another-at-the-provider' })
    const calls = JSON.stringify(world.store.calls)
    expect(calls).toContain('sojourn once')
    expect(calls).not.toContain('at-the-provider')
    expect(await world.sessions.count()).toBe(1)
    expect(await world.sessions.list('user-1')).toHaveLength(1)
  })

  it('reaches a session after its token was replaced, and one that logged in again', async () => {
    const world = create()
    const client = await world.login('user-1', { sub: 'ada', sid: 'one' })
    await client.send((session) => session.rotate())
    await client.send((session) => session.reauthenticated())
    await world.logout({ sub: 'ada' })
    expect(await world.isLoggedIn(client)).toBe(false)
  })

  it('finds each of many sessions of one user, and forgets ended ones', async () => {
    const world = create()
    const clients = []
    for (let index = 0; index < 200; index++) {
      const client = await world.login('user-1', { sub: 'many', sid: `sid-${index}` })
      if (index < 190) await client.send((session) => session.logout())
      else clients.push(client)
    }
    const kept = await world.logout({ sub: 'many' })
    expect(kept.status).toBe(200)
    expect(await Promise.all(clients.map(world.isLoggedIn))).toEqual(clients.map(() => false))
    expect(world.eventsOf('ended').filter(({ reason }) => reason === 'back-channel-logout')).toHaveLength(10)
  })

  it('remembers a login as long as it is told, and a longer session of one login', async () => {
    const world = createLogoutWorld(provider, {
      options: { keep: '1h' },
      world: { timeouts: { idle: '3d', absolute: '3d' } },
    })
    const client = world.client()
    const claims = { iss: provider.issuer, sub: 'ada', sid: 'one' }
    await client.send((session) => world.atProvider.login(session, 'user-1', claims, { absolute: '2d' }))
    world.clock.advance(47 * HOUR)
    await world.logout({ sid: 'one' })
    expect(await world.isLoggedIn(client)).toBe(false)
  })
})

describe('a login with what the provider said', () => {
  it('logs in as session.login does, with its options', async () => {
    const world = create()
    const client = world.client()
    const claims = { iss: provider.issuer, sub: 'ada', sid: 'one', name: 'Ada' }
    await client.send((session) => world.atProvider.login(session, 'user-1', claims, { methods: ['pwd'] }))
    expect(world.eventsOf('login')).toMatchObject([{ userId: 'user-1', methods: ['pwd'] }])
    expect(await world.isLoggedIn(client)).toBe(true)
  })

  it('is refused for a provider that is not configured', async () => {
    const world = create()
    const claims = { iss: 'https://other.example', sub: 'ada' }
    const client = world.client()
    const error = await rejection(client.send((session) => world.atProvider.login(session, 'user-1', claims)))
    expect(error.code).toBe('ERR_OPTION')
    expect(world.eventsOf('login')).toEqual([])
  })

  it('does not stay if it could not be remembered', async () => {
    const inner = memoryStore()
    const create: Store['create'] = (record) => {
      if (record.userId?.startsWith('sojourn once')) throw new Error('connection reset')
      return inner.create(record)
    }
    const world = createLogoutWorld(provider, { world: { store: { ...inner, create } } })
    const client = world.client()
    const { value } = await client.send((session) =>
      rejection(world.atProvider.login(session, 'user-1', { iss: provider.issuer, sub: 'ada' })),
    )
    expect(value.message).toBe('connection reset')
    expect(await world.sessions.list('user-1')).toEqual([])
    expect(await world.isLoggedIn(client)).toBe(false)
  })
})

describe('the options', () => {
  const sessions = createSessions()
  const good = { sessions, providers: [{ issuer: 'https://id.example', clientId: 'shop' }] }
  it.each([
    ['no providers', { ...good, providers: [] }],
    ['an unknown option', { ...good, path: '/x' }],
    ['http', { ...good, providers: [{ issuer: 'http://id.example', clientId: 'shop' }] }],
    ['none', { ...good, providers: [{ issuer: 'https://id.example', clientId: 'shop', algorithms: ['none'] }] }],
    [
      'HS256',
      { ...good, providers: [{ issuer: 'https://id.example', clientId: 'shop', algorithms: ['RS256', 'HS256'] }] },
    ],
    ['no client', { ...good, providers: [{ issuer: 'https://id.example', clientId: [] }] }],
    ['an issuer twice', { ...good, providers: [...good.providers, ...good.providers] }],
    ['no sessions', { ...good, sessions: {} }],
    [
      'a store that loses writes',
      { ...good, sessions: { ...sessions, store: { ...sessions.store, lacks: { ended: 'It lags.' } } } },
    ],
  ])('%s throw ERR_OPTION', async (_, options) => {
    expect((await rejection(() => backChannelLogout(options as never))).code).toBe('ERR_OPTION')
  })
})
