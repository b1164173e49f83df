import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, MINUTE, SECOND, setCookiesOf, stayFor, toView } from './kit.ts'
import type { When } from './kit-store.ts'

/** A session whose token is due for renewal with the next request. */
async function due(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send(async (session) => {
    edit({ a: 1 })(session)
    await session.login('ada')
  })
  const { value: id } = await client.send((session) => session.id)
  await stayFor(world, client, HOUR - MINUTE)
  world.clock.advance(MINUTE)
  world.store.calls.length = 0
  world.events.length = 0
  return { world, client, id, first: client.cookie() }
}

/** The same, with the successor in the jar and confirmed. */
async function renewed(options = {}) {
  const all = await due(options)
  await all.client.send(() => {})
  const second = all.client.cookie()
  await all.client.send(() => {})
  return { ...all, second }
}

describe('5 Renewal never logs an honest client out', () => {
  it('comes due at its time, not a millisecond before', async () => {
    const { world, client, first } = await due()
    world.clock.advance(-1)
    await client.send(() => {})
    expect(client.cookie()).toBe(first)
    world.clock.advance(1)
    await client.send(() => {})
    expect(client.cookie()).not.toBe(first)
  })

  it('gives a new secret under the same session, in one write', async () => {
    const { world, client, id, first } = await due()
    const { setCookies } = await client.send((session) => session.userId)
    expect(setCookies).toHaveLength(1)
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read', 'write'])
    expect(client.cookie().slice(0, 36)).toBe(first.slice(0, 36))
    expect((await client.send((session) => [session.id, session.userId])).value).toEqual([id, 'ada'])
  })

  describe.each<When>(['before', 'after'])('a store that fails %s it wrote, as one that is read-only does', (when) => {
    it('costs no request when the renewal is due: the client keeps its token and gets the successor later', async () => {
      const { world, client, first } = await due()
      world.store.fail('write', { when, times: 2 })
      for (let i = 0; i < 2; i++) {
        expect((await client.send(look)).value).toEqual({ userId: 'ada', refused: null, data: { a: 1 } })
        world.clock.advance(10 * MINUTE)
      }
      expect(client.cookie() === first || when === 'after').toBe(true)
      await client.send(look)
      await client.send(look)
      expect(client.cookie()).not.toBe(first)
      expect((await client.send(look)).value.userId).toBe('ada')
      expect(world.eventsOf('reuse')).toEqual([])
      expect(world.eventsOf('fault').length).toBeGreaterThan(0)
    })

    it('costs no request when the successor comes for the first time', async () => {
      const { world, client, first } = await due()
      await client.send(look)
      const second = client.cookie()
      expect(second).not.toBe(first)
      world.store.fail('write', { when, times: 1 })
      for (let i = 0; i < 3; i++) expect((await client.send(look)).value.userId).toBe('ada')
      expect((await client.send(look, { cookie: first })).value.userId).toBe('ada')
      expect(client.cookie()).toBe(second)
      expect(world.eventsOf('fault')).toHaveLength(1)
    })

    it('still costs the request that edits something', async () => {
      const { world, client } = await due()
      world.store.fail('write', { when })
      await expect(client.send(edit({ a: 2 }))).rejects.toMatchObject({ code: 'ERR_STORE' })
    })
  })

  it('parallel requests with the old token all get the same successor', async () => {
    const { client } = await due()
    const exchanges = await Promise.all(Array.from({ length: 20 }, () => client.open()))
    const lines = (await Promise.all(exchanges.map(({ commit }) => commit()))).map(setCookiesOf)
    expect(new Set(lines.flat()).size).toBe(1)
    expect(lines.flat()).toHaveLength(20)
  })

  it('parallel requests on several nodes get the same successor', async () => {
    const { world, client } = await due()
    const view = toView({ cookie: client.cookie() })
    const exchanges = await Promise.all(Array.from({ length: 6 }, async () => world.node().open(view)))
    const lines = (await Promise.all(exchanges.map(({ commit }) => commit()))).map(setCookiesOf)
    expect(new Set(lines.flat()).size).toBe(1)
  })

  it('a client whose response was lost gets the same successor with its next request', async () => {
    const { world, client, first } = await due()
    await client.send(() => {})
    const successor = client.cookie()
    for (let i = 0; i < 3; i++) {
      world.clock.advance(10 * MINUTE)
      const { setCookies, value } = await client.send((session) => session.userId, { cookie: first })
      expect(value).toBe('ada')
      expect(setCookies).toMatchObject([expect.stringContaining(`${successor};`)])
    }
    expect(world.eventsOf('renewed')).toEqual([])
  })

  it('a client that never takes the successor stays logged in with its token', async () => {
    const { world, client, first } = await due()
    for (let i = 0; i < 9; i++) {
      world.clock.advance(20 * MINUTE)
      expect((await client.send(look, { cookie: first })).value.userId).toBe('ada')
    }
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('the old token is honoured for the grace after the successor was first seen', async () => {
    const { world, client, first } = await renewed()
    world.clock.advance(30 * SECOND - 1)
    expect((await client.send(look, { cookie: first })).value.userId).toBe('ada')
    const { setCookies } = await client.send(() => {}, { cookie: first })
    expect(setCookies).toEqual([])
    expect(world.eventsOf('reuse')).toEqual([])
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it('a request in the grace may edit, update and touch', async () => {
    const { client, first } = await renewed()
    await client.send(edit({ b: 2 }), { cookie: first })
    await client.send((session) => session.update('a', (a) => Number(a) + 1), { cookie: first })
    expect((await client.send(look)).value.data).toEqual({ a: 2, b: 2 })
  })

  it('the grace is counted from the first use of the successor, not from when it was handed out', async () => {
    const { world, client, first } = await due()
    await client.send(() => {})
    world.clock.advance(10 * MINUTE)
    expect((await client.send(look, { cookie: first })).value.userId).toBe('ada')
    await client.send(() => {})
    world.clock.advance(29 * SECOND)
    expect((await client.send(look, { cookie: first })).value.userId).toBe('ada')
  })

  it('is reported once, when the successor is first seen, however many requests there are', async () => {
    const { world, client, id } = await due()
    await client.send(() => {})
    expect(world.eventsOf('renewed')).toEqual([])
    const exchanges = await Promise.all(Array.from({ length: 5 }, () => client.open()))
    await Promise.all(exchanges.map(({ commit }) => commit()))
    expect(world.eventsOf('renewed')).toMatchObject([{ id, userId: 'ada' }])
  })

  it('can be followed by the next', async () => {
    const { world, client, first, second } = await renewed()
    await stayFor(world, client, HOUR)
    expect(client.cookie()).not.toBe(second)
    await client.send(() => {})
    expect((await client.send(look)).value.userId).toBe('ada')
    expect(client.cookie()).not.toBe(first)
    expect(world.eventsOf('renewed')).toHaveLength(2)
  })

  it('an anonymous session is renewed too', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const first = client.cookie()
    await stayFor(world, client, HOUR)
    expect(client.cookie()).not.toBe(first)
    expect((await client.send(look)).value.data).toEqual({ a: 1 })
    expect(world.eventsOf('renewed')).toMatchObject([{ userId: null }])
  })

  it('rides along with data, in one write', async () => {
    const { world, client } = await due()
    await client.send(edit({ b: 2 }))
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read', 'write'])
    await client.send(edit({ c: 3 }))
    expect((await client.send(look)).value.data).toEqual({ a: 1, b: 2, c: 3 })
  })

  it('keeps the data of a request whose renewal met another’s', async () => {
    const { client } = await due()
    const exchanges = await Promise.all(Array.from({ length: 8 }, () => client.open()))
    exchanges.forEach(({ session }, i) => {
      edit({ [`k${i}`]: i })(session)
    })
    await Promise.all(exchanges.map(({ commit }) => commit()))
    const { value } = await client.send(look)
    expect(Object.keys(value.data)).toHaveLength(9)
  })

  it('if the store cannot confirm that the successor is still valid, it is not handed out again, and no request fails', async () => {
    const { world, client, first } = await due()
    await client.send(() => {})
    const { session, commit } = await client.open({ cookie: first })
    edit({ b: 2 })(session)
    world.store.fail('read')
    expect(setCookiesOf(await commit())).toEqual([])
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'read' }])
    expect((await client.send(look, { cookie: first })).value.data).toEqual({ a: 1, b: 2 })
  })

  it('does not happen once the headers are out', async () => {
    const { world, client, id } = await due()
    const { commit, session, finish } = await client.open()
    await commit()
    const version = (await world.record(id)).version
    edit({ b: 2 })(session)
    await finish()
    expect((await world.record(id)).version).toBe(version)
  })
})
