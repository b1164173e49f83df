import type { Timeouts } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { type Duration, toMs } from '../../src/core/duration.ts'
import { expiryOf, toLimits } from '../../src/core/timeouts.ts'
import { createWorld, DAY, edit, HOUR, MINUTE, rejection, SECOND, stayFor, toView } from './kit.ts'

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

  it('goes by the absolute limit when that comes first', async () => {
    const { world, client, id } = await loggedIn({ absolute: '40m' })
    const began = world.clock()
    world.clock.advance(20 * MINUTE)
    await client.send(() => {})
    expect((await world.record(id)).expiresAt).toBe(began + 40 * MINUTE)
  })
})

describe('limits of one login', () => {
  it('remember me: a longer absolute limit is the idle limit too, and the cookie outlives the browser', async () => {
    const { world, client, setCookies } = await loggedIn({}, { absolute: '30d' })
    expect(setCookies).toMatchObject([expect.stringContaining(`; Max-Age=${(30 * DAY) / SECOND};`)])
    world.clock.advance(30 * DAY - 1)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    world.clock.advance(1)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('remember me with an idle limit', async () => {
    const { world, client } = await loggedIn({}, { absolute: '30d', idle: '7d' })
    world.clock.advance(7 * DAY - 1)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    world.clock.advance(7 * DAY)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('remember me: a renewed token is kept for what is left, rounded down, never nothing', async () => {
    const { world, client } = await loggedIn({}, { absolute: '30d' })
    world.clock.advance(30 * DAY - 1500)
    const { setCookies } = await client.send(() => {})
    expect(setCookies).toMatchObject([expect.stringContaining('; Max-Age=1;')])
    const again = await loggedIn({}, { absolute: '30d' })
    again.world.clock.advance(30 * DAY - 500)
    expect((await again.client.send(() => {})).setCookies).toMatchObject([expect.stringContaining('; Max-Age=1;')])
  })

  it('an ordinary login goes when the browser closes', async () => {
    for (const options of [{}, { absolute: '12h' }, { absolute: '1h' }, { idle: '10m' }] as const) {
      const { setCookies } = await loggedIn({}, options)
      expect(setCookies).toHaveLength(1)
      expect(setCookies[0]).not.toMatch(/Max-Age|Expires/)
    }
  })

  it('shorter limits hold: absolute', async () => {
    const { world, client } = await loggedIn({}, { absolute: '10m' })
    world.clock.advance(10 * MINUTE - 1)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    world.clock.advance(1)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('shorter limits hold: idle', async () => {
    const { world, client } = await loggedIn({}, { idle: '2m' })
    world.clock.advance(2 * MINUTE)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it.each([{ absolute: 'soon' }, { idle: '0s' }, { absolute: -1 }] as const)(
    'that are no times are refused: %j',
    async (options) => {
      const world = createWorld()
      const client = world.client()
      const error = await rejection(client.send((session) => session.login('ada', options as never)))
      expect(error).toMatchObject({ code: 'ERR_OPTION' })
      expect(world.store.calls).toEqual([])
    },
  )
})

describe('a fresh proof', () => {
  it('restarts both clocks', async () => {
    const { world, client } = await loggedIn({ absolute: '1h' })
    await stayFor(world, client, HOUR - MINUTE)
    await client.send((session) => session.reauthenticated())
    world.clock.advance(29 * MINUTE)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    await stayFor(world, client, 31 * MINUTE - 1)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    world.clock.advance(1)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('authenticatedWithin: before, at and after', async () => {
    const { world, client } = await loggedIn()
    const within = async () => (await client.send((session) => session.authenticatedWithin('5m'))).value
    expect(await within()).toBe(true)
    world.clock.advance(5 * MINUTE)
    expect(await within()).toBe(true)
    world.clock.advance(1)
    expect(await within()).toBe(false)
    await client.send((session) => session.reauthenticated())
    expect(await within()).toBe(true)
  })

  it('authenticatedWithin: never for an anonymous session, and not for what is no time', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    expect((await client.send((session) => session.authenticatedWithin('1d'))).value).toBe(false)
    expect(await rejection(client.send((session) => session.authenticatedWithin('x' as never)))).toMatchObject({
      code: 'ERR_OPTION',
    })
  })
})

describe('timeouts', () => {
  it.each([
    [undefined, { idleMs: 30 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
    ['owasp-low', { idleMs: 30 * MINUTE, absoluteMs: 8 * HOUR, renewMs: HOUR }],
    ['owasp-high', { idleMs: 5 * MINUTE, absoluteMs: 4 * HOUR, renewMs: 30 * MINUTE }],
    ['nist-aal1', { idleMs: 30 * DAY, absoluteMs: 30 * DAY, renewMs: HOUR }],
    ['nist-aal2', { idleMs: HOUR, absoluteMs: 24 * HOUR, renewMs: HOUR }],
    ['nist-aal3', { idleMs: 15 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
    ['pci-dss', { idleMs: 15 * MINUTE, absoluteMs: 12 * HOUR, renewMs: HOUR }],
  ] as const)('preset %s', (preset, limits) => {
    const expected = { graceMs: 30 * SECOND, touchMs: MINUTE, ...limits }
    expect(toLimits(preset)).toEqual(expected)
    expect(toLimits(preset === undefined ? {} : { preset })).toEqual(expected)
  })

  it('a preset can be adjusted', () => {
    expect(toLimits({ preset: 'owasp-high', idle: '2m', renew: '45m', grace: '10s', touch: '20s' })).toEqual({
      idleMs: 2 * MINUTE,
      absoluteMs: 4 * HOUR,
      renewMs: 45 * MINUTE,
      graceMs: 10 * SECOND,
      touchMs: 20 * SECOND,
    })
  })

  it.each<[unknown, string]>([
    ['owasp', 'preset'],
    ['toString', 'preset'],
    [{ preset: '__proto__' }, 'preset'],
    [{ idle: '13h' }, 'idle'],
    [{ preset: 'owasp-high', idle: '5h' }, 'idle'],
    [{ idle: 'never' }, 'timeouts.idle'],
    [{ absolute: 0 }, 'timeouts.absolute'],
    [{ renew: '1 h' }, 'timeouts.renew'],
    [{ grace: Number.NaN }, 'timeouts.grace'],
    [{ touch: -1 }, 'timeouts.touch'],
    [{ renew: '10s' }, 'renew'],
  ])('refuses %j', async (timeouts, named) => {
    const error = await rejection(() => createWorld({ timeouts: timeouts as Timeouts }))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain(named)
  })

  it('takes idle as long as absolute, and renew as short as grace', () => {
    expect(toLimits({ idle: '1h', absolute: '1h', renew: '30s', grace: '30s' })).toMatchObject({ idleMs: HOUR })
  })

  it('the earlier limit counts, and the session’s own before the configured', () => {
    const limits = toLimits()
    const record = { createdAt: 1000, lastSeenAt: 2000, head: { secret: '', secretAt: 0 } }
    const of = (head: object, more: object = {}) =>
      expiryOf({ ...record, ...more, head: { ...record.head, ...head } }, limits)
    expect(of({})).toBe(2000 + 30 * MINUTE)
    expect(of({ absoluteMs: 5000 })).toBe(6000)
    expect(of({ idleMs: 50 })).toBe(2050)
    expect(of({ absoluteMs: 5000, authenticatedAt: 1500 })).toBe(6500)
    expect(of({ absoluteMs: 5000, authenticatedAt: 500 })).toBe(6000)
  })
})

describe('durations', () => {
  it.each<[Duration, number]>([
    [1, 1],
    [1500, 1500],
    [0.6, 1],
    ['1ms', 1],
    ['90s', 90_000],
    ['1.5h', 90 * MINUTE],
    ['30m', 30 * MINUTE],
    ['2d', 2 * DAY],
    ['1w', 7 * DAY],
    ['5200w', 36_400 * DAY],
  ])('%j is %d ms', (duration, ms) => {
    expect(toMs(duration, 'it')).toBe(ms)
  })

  it.each([
    0,
    -1,
    0.4,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MAX_SAFE_INTEGER,
    '',
    '5',
    'm',
    '5 m',
    ' 5m',
    '5m ',
    '5M',
    '5min',
    '-5m',
    '+5m',
    '.5m',
    '5.m',
    '1e3s',
    '0x5s',
    '0s',
    '0.1ms',
    '5m5m',
    '5m\n',
    `${'9'.repeat(400)}s`,
    '101000d',
    null,
    undefined,
    {},
    5n,
    ['5m'],
    true,
  ])('refuses %s, naming the option', async (duration) => {
    const error = await rejection(() => toMs(duration as Duration, 'timeouts.idle'))
    expect(error).toMatchObject({ code: 'ERR_OPTION', status: 500 })
    expect(error.message).toContain('timeouts.idle')
  })
})
