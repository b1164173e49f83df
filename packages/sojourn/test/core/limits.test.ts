import type { Timeouts } from 'sojourn'
import { describe, expect, it } from 'vitest'
import type { Duration } from '../../src/core/contracts/duration.ts'
import { createWorld, DAY, edit, HOUR, look, MINUTE, rejection, SECOND, stayFor } from './kit.ts'

async function loggedIn(timeouts?: Timeouts, options: { absolute?: Duration; idle?: Duration } = {}) {
  const world = createWorld(timeouts === undefined ? {} : { timeouts })
  const client = world.client()
  const { setCookies, value: id } = await client.send(async (session) => {
    await session.login('ada', options)
    return session.id
  })
  return { world, client, id, setCookies }
}

describe('limits of one login', () => {
  it('remember me: a longer absolute limit is the idle limit too, and the cookie outlives the browser', async () => {
    const { world, client, setCookies } = await loggedIn({}, { absolute: '30d' })
    expect(setCookies).toMatchObject([expect.stringContaining(`; Max-Age=${(30 * DAY) / SECOND};`)])
    world.clock.advance(30 * DAY - 1)
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    world.clock.advance(1)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('lists report remember me, but not an ordinary login', async () => {
    for (const [options, remembered] of [
      [{ absolute: '30d' }, true],
      [{ absolute: '12h' }, false],
      [{ absolute: '1h' }, false],
      [{}, false],
    ] as const) {
      const { world } = await loggedIn({}, options)
      expect(await world.sessions.list('ada')).toMatchObject([{ remembered }])
    }
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

  it('an ordinary login ends when the browser is closed', async () => {
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

  it.each(['2h', '12h'] as const)(
    'an absolute limit of %s, no longer than the usual, leaves the idle limit as it is',
    async (absolute) => {
      const { world, client } = await loggedIn({}, { absolute })
      world.clock.advance(31 * MINUTE)
      expect((await client.send(look)).value).toMatchObject({ userId: null, refused: 'expired' })
    },
  )

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
