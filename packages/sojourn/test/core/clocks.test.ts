import type { Timeouts } from 'sojourn'
import { describe, expect, it } from 'vitest'
import type { Duration } from '../../src/core/contracts/duration.ts'
import { createClock, createWorld, DAY, edit, HOUR, MINUTE, SECOND, stayFor, toView } from './kit.ts'

async function loggedIn(timeouts?: Timeouts, options: { absolute?: Duration; idle?: Duration } = {}) {
  const world = createWorld(timeouts === undefined ? {} : { timeouts })
  const client = world.client()
  const { setCookies, value: id } = await client.send(async (session) => {
    await session.login('ada', options)
    return session.id
  })
  return { world, client, id, setCookies }
}

describe('6 Two clocks', () => {
  it.each([
    ['a millisecond before', -1, 'ada', null],
    ['at', 0, null, 'expired'],
    ['a millisecond after', 1, null, 'expired'],
  ])('idle: %s its limit', async (_, ms, userId, refused) => {
    const { world, client } = await loggedIn()
    world.clock.advance(30 * MINUTE + ms)
    expect((await client.send((session) => [session.userId, session.refused])).value).toEqual([userId, refused])
  })

  it.each([
    ['a millisecond before', -1, 'ada', null],
    ['at', 0, null, 'expired'],
    ['a millisecond after', 1, null, 'expired'],
  ])('absolute: %s its limit, however busy', async (_, ms, userId, refused) => {
    const { world, client } = await loggedIn({ absolute: '2h', idle: '50m' })
    await stayFor(world, client, 2 * HOUR - MINUTE)
    world.clock.advance(MINUTE + ms)
    expect((await client.send((session) => [session.userId, session.refused])).value).toEqual([userId, refused])
  })

  it.each([
    ['by an hour: it is written, or Redis would drop a session in use after its idle limit', HOUR, 1],
    ['by a little: nothing is written', 5 * MINUTE, 0],
  ])('a clock that is set back %s', async (_, ms, writes) => {
    const { world, client, id } = await loggedIn()
    const { lastSeenAt, expiresAt } = await world.record(id)
    world.clock.advance(-ms)
    world.store.calls.length = 0
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    const written = world.store.calls.filter(({ operation }) => operation === 'write')
    expect(written.map(({ args }) => args[1])).toEqual(
      Array(writes).fill(expect.objectContaining({ seen: { at: lastSeenAt, expiresAt } })),
    )
  })

  it('a clock that was a year ahead at a login: once it is set back, the proof is not fresh for a year', async () => {
    const world = createWorld()
    const client = world.client()
    const isFresh = async () => (await client.send((session) => session.authenticatedWithin('5m'))).value
    world.clock.advance(365 * DAY)
    await client.send((session) => session.login('ada'))
    expect(await isFresh()).toBe(true)
    // Servers whose clocks differ by a little.
    world.clock.advance(-5 * MINUTE)
    expect(await isFresh()).toBe(true)
    world.clock.advance(-1)
    expect(await isFresh()).toBe(false)
    world.clock.advance(5 * MINUTE - 365 * DAY)
    expect(await isFresh()).toBe(false)
    await client.send((session) => session.reauthenticated())
    expect(await isFresh()).toBe(true)
  })

  it('a clock with fractions of milliseconds counts whole ones: databases take no others', async () => {
    const clock = createClock(Date.UTC(2030, 0, 1) + 0.75)
    const world = createWorld({ clock })
    const client = world.client()
    const { value: id } = await client.send(async (session) => {
      await session.login('ada')
      return session.id
    })
    clock.advance(2 * MINUTE + 0.75)
    await client.send((session) => session.rotate())
    await world.sessions.sweep()
    const { createdAt, lastSeenAt, expiresAt, head } = await world.record(id)
    const times = [createdAt, lastSeenAt, expiresAt, head.secretAt, head.authenticatedAt, head.previous?.[0]?.until]
    expect(times.filter((time) => !Number.isSafeInteger(time))).toEqual([])
    const sweeps = world.store.calls.filter(({ operation }) => operation === 'sweep')
    expect(sweeps.map(({ args }) => Number.isSafeInteger(args[0]))).toEqual([true])
  })

  it('an expired session is invisible before any sweep: to requests, lists, revocation and devices', async () => {
    const { world, client, id } = await loggedIn()
    const other = world.client()
    world.clock.advance(20 * MINUTE)
    await other.send((session) => session.login('ada'))
    world.clock.advance(10 * MINUTE)
    expect(await world.kept(id)).toMatchObject({ kind: 'live' })
    expect(await world.sessions.list('ada')).toHaveLength(1)
    expect((await other.send((session) => session.devices())).value).toMatchObject([{ current: true }])
    expect((await other.send((session) => session.revokeDevice(id))).value).toBe(false)
    expect(await world.sessions.revoke(id)).toBe(false)
    expect(await world.sessions.revokeAll('ada')).toBe(1)
    expect((await client.send((session) => session.userId)).value).toBeNull()
  })

  it('an anonymous session has both limits too', async () => {
    const world = createWorld({ timeouts: { idle: '1h', absolute: '2h' } })
    const client = world.client()
    await client.send(edit({ cart: ['lamp'] }))
    await stayFor(world, client, 2 * HOUR - 1)
    expect((await client.send((session) => session.refused)).value).toBeNull()
    world.clock.advance(1)
    expect((await client.send((session) => [session.refused, session.isNew])).value).toEqual(['expired', true])
  })

  it('a limit that the operator shortens holds at once, one that is lengthened too', async () => {
    const { world, client } = await loggedIn()
    world.clock.advance(10 * MINUTE)
    const shorter = world.node({ timeouts: { idle: '10m' } })
    const view = toView({ cookie: client.cookie() })
    expect((await shorter.open(view)).session.refused).toBe('expired')
    world.clock.advance(25 * MINUTE)
    const longer = world.node({ timeouts: { idle: '36m' } })
    expect((await longer.open(view)).session.userId).toBe('ada')
  })

  it('a clock that goes back ends nothing and breaks nothing', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(10 * MINUTE)
    await client.send(() => {})
    const { lastSeenAt } = await world.record(id)
    world.clock.advance(-5 * MINUTE)
    await client.send(edit({ a: 1 }))
    expect((await world.record(id)).lastSeenAt).toBe(lastSeenAt)
  })

  it('the times a session shows are those of its record', async () => {
    const { world, client } = await loggedIn()
    const began = world.clock()
    await stayFor(world, client, 12 * HOUR - 10 * MINUTE)
    const { value } = await client.send(({ createdAt, lastSeenAt, expiresAt, authenticatedAt }) => {
      return { createdAt, lastSeenAt, expiresAt, authenticatedAt }
    })
    expect(value).toEqual({
      createdAt: new Date(began),
      authenticatedAt: new Date(began),
      lastSeenAt: new Date(world.clock()),
      expiresAt: new Date(began + 12 * HOUR),
    })
  })
})

describe('last-seen', () => {
  it('is written at most once a touch interval, and not a millisecond early', async () => {
    const { world, client, id } = await loggedIn()
    const began = world.clock()
    world.store.calls.length = 0
    world.clock.advance(MINUTE - 1)
    await client.send((session) => session.userId)
    expect(world.store.count('write')).toBe(0)
    world.clock.advance(1)
    await client.send((session) => session.userId)
    await client.send((session) => session.userId)
    expect(world.store.count('write')).toBe(1)
    expect(await world.record(id)).toMatchObject({
      lastSeenAt: began + MINUTE,
      expiresAt: began + 31 * MINUTE,
      version: 0,
    })
  })

  it('is never throttled for longer than half the idle limit', async () => {
    const { world, client } = await loggedIn({ idle: '1m', touch: '1h' })
    for (let i = 0; i < 5; i++) {
      world.clock.advance(30 * SECOND)
      await client.send(() => {})
    }
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })

  it('is written for a request that does not look at the session too', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(5 * MINUTE)
    await client.send(() => {})
    expect((await world.record(id)).lastSeenAt).toBe(world.clock())
  })

  it('is the time the request began, not the time it took', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(5 * MINUTE)
    const seenAt = world.clock()
    const exchange = await client.open()
    world.clock.advance(10 * MINUTE)
    await exchange.commit()
    expect((await world.record(id)).lastSeenAt).toBe(seenAt)
  })

  it('of a slow request does not undo a later one', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(5 * MINUTE)
    const slow = await client.open()
    world.clock.advance(5 * MINUTE)
    await client.send(() => {})
    await slow.commit()
    expect((await world.record(id)).lastSeenAt).toBe(world.clock())
  })

  it('rides along with data, in one write', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(5 * MINUTE)
    world.store.calls.length = 0
    await client.send(edit({ a: 1 }))
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read', 'write'])
    expect(await world.record(id)).toMatchObject({ lastSeenAt: world.clock(), data: { a: '1' } })
  })

  it('is the absolute limit if that comes first', async () => {
    const { world, client, id } = await loggedIn({ absolute: '40m' })
    const began = world.clock()
    world.clock.advance(20 * MINUTE)
    await client.send(() => {})
    expect((await world.record(id)).expiresAt).toBe(began + 40 * MINUTE)
  })
})
