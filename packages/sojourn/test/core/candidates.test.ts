import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, MINUTE, rejection, stayFor } from './kit.ts'

const STRAY = `__Host-session=${'A'.repeat(54)}`
const MALFORMED = '__Host-session=stray'

async function twoSessions() {
  const world = createWorld()
  const [victim, attacker] = [world.client(), world.client()]
  await victim.send((session) => session.login('ada'))
  await attacker.send((session) => session.login('mallory'))
  world.store.calls.length = 0
  world.events.length = 0
  return { world, victim, attacker }
}

describe('several tokens under one name', () => {
  it('two live sessions: neither is honoured, whatever the order, and both copies stay until a login or logout', async () => {
    const { world, victim, attacker } = await twoSessions()
    for (const cookies of [
      [victim.cookie(), attacker.cookie()],
      [attacker.cookie(), victim.cookie()],
    ]) {
      const { value, setCookies } = await world.client().send(look, { cookie: cookies.join('; ') })
      expect(value).toEqual({ userId: null, refused: 'ambiguous', data: {} })
      expect(setCookies).toEqual([])
    }
    expect(world.eventsOf('refused')).toMatchObject([{ id: null, reason: 'ambiguous' }, {}])
    expect((await victim.send(look)).value.userId).toBe('ada')
  })

  it('one live token among dead ones is used, wherever it is', async () => {
    const { world, victim } = await twoSessions()
    for (const cookie of [
      `${STRAY}; ${victim.cookie()}`,
      `${victim.cookie()}; ${MALFORMED}`,
      `${MALFORMED}; ${victim.cookie()}; ${STRAY}`,
    ]) {
      const { value } = await victim.send(look, { cookie })
      expect(value).toMatchObject({ userId: 'ada', refused: null })
    }
    expect(world.eventsOf('refused')).toEqual([])
  })

  it('then the duplicates are cleared, and the valid one is set again after them', async () => {
    const { victim } = await twoSessions()
    const before = victim.cookie()
    const { setCookies } = await victim.send(look, { cookie: `${STRAY}; ${victim.cookie()}` })
    expect(setCookies.slice(0, -1).every((line) => line.includes('Max-Age=0'))).toBe(true)
    expect(setCookies.length).toBeGreaterThan(1)
    expect(setCookies.at(-1)).toContain(`${before};`)
    expect(victim.cookie()).toBe(before)
  })

  it('the good one is set again only after another look at the store', async () => {
    const { world, victim } = await twoSessions()
    const { commit, session } = await victim.open({ cookie: `${STRAY}; ${victim.cookie()}` })
    await world.sessions.revoke(session.id)
    expect(await commit()).toEqual([expect.objectContaining({ name: 'vary' }), expect.anything()])
  })

  it('rides along with data, a touch, a renewal and its first use', async () => {
    const { world, victim } = await twoSessions()
    const stray = () => ({ cookie: `${victim.cookie()}; ${MALFORMED}` })
    await victim.send(edit({ a: 1 }), stray())
    world.clock.advance(2 * MINUTE)
    expect((await victim.send(() => {}, stray())).setCookies.at(-1)).toContain(victim.cookie())
    await stayFor(world, victim, HOUR - 3 * MINUTE)
    world.clock.advance(MINUTE)
    const before = victim.cookie()
    await victim.send(() => {}, stray())
    const successor = victim.cookie()
    expect(successor).not.toBe(before)
    expect((await victim.send(() => {}, stray())).setCookies.at(-1)).toContain(successor)
    expect((await victim.send(look)).value).toMatchObject({ userId: 'ada', data: { a: 1 } })
    expect(world.eventsOf('renewed')).toHaveLength(1)
  })

  it('two tokens of one session: the newer is honoured', async () => {
    const { world, victim } = await twoSessions()
    const first = victim.cookie()
    await stayFor(world, victim, HOUR)
    const second = victim.cookie()
    for (const cookie of [`${first}; ${second}`, `${second}; ${first}`]) {
      const reply = await victim.send(look, { cookie })
      expect(reply.value.userId).toBe('ada')
      expect(reply.setCookies.at(-1)).toContain(second)
    }
    expect(world.eventsOf('renewed')).toHaveLength(1)
    world.clock.advance(3 * MINUTE)
    expect((await victim.send(look, { cookie: `${first}; ${second}` })).value.userId).toBe('ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it.each(['older first', 'newer first'])(
    'two tokens of one session: the client goes on with the newer (%s)',
    async (order) => {
      const world = createWorld()
      const client = world.client()
      await client.send((session) => session.login('ada'))
      const older = client.cookie()
      await stayFor(world, client, HOUR)
      await client.send(() => {})
      const newer = client.cookie()
      expect(newer).not.toBe(older)
      const cookies = order === 'older first' ? [older, newer] : [newer, older]
      const { value, setCookies } = await client.send(look, { cookie: cookies.join('; ') })
      expect(value).toMatchObject({ userId: 'ada', refused: null })
      expect(setCookies.at(-1)).toContain(`${newer};`)
    },
  )

  it('all dead: the most specific reason is reported', async () => {
    const { world, victim } = await twoSessions()
    const first = victim.cookie()
    await victim.send((session) => session.rotate())
    const refusedWith = async (...cookies: string[]) => {
      return (await world.client().send((session) => session.refused, { cookie: cookies.join('; ') })).value
    }
    expect(await refusedWith(MALFORMED, STRAY)).toBe('unknown')
    expect(await refusedWith(STRAY, first, MALFORMED)).toBe('superseded')
    expect(await refusedWith('__Host-session=x', MALFORMED)).toBe('malformed')
    world.clock.advance(2 * MINUTE)
    expect(await refusedWith(STRAY, first)).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(1)
    world.clock.advance(2 * MINUTE)
    expect(await refusedWith(STRAY, first)).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(2)
    expect(await refusedWith(first, STRAY)).toBe('ended')
  })

  it.each(['telling first', 'telling last'])(
    'all dead and of one session: the most telling one is evidence (%s)',
    async (order) => {
      const { world, victim } = await twoSessions()
      const oldest = victim.cookie()
      await victim.send((session) => session.rotate())
      world.clock.advance(2 * MINUTE)
      const older = victim.cookie()
      await victim.send((session) => session.rotate())
      const cookies = order === 'telling first' ? [oldest, older] : [older, oldest]
      const { value } = await world.client().send(look, { cookie: cookies.join('; ') })
      expect(value.refused).toBe('reused')
      expect(world.eventsOf('reuse')).toHaveLength(1)
    },
  )

  it('all dead: a login clears every copy', async () => {
    const { world } = await twoSessions()
    const cookie = `${MALFORMED}; ${STRAY}`
    expect((await world.client().send(look, { cookie })).setCookies).toEqual([])
    const { setCookies } = await world.client().send((session) => session.login('ada'), { cookie })
    expect(setCookies.length).toBeGreaterThan(1)
    expect(setCookies.slice(0, -1).every((line) => line.includes('Max-Age=0'))).toBe(true)
  })

  it('all dead: what is written begins a session of its own', async () => {
    const { world } = await twoSessions()
    const client = world.client()
    await client.send(edit({ a: 1 }), { cookie: `${MALFORMED}; ${STRAY}` })
    expect((await client.send(look)).value.data).toEqual({ a: 1 })
  })

  it('are told apart by value: the same twice is one', async () => {
    const { world, victim } = await twoSessions()
    const { setCookies, value } = await victim.send(look, { cookie: `${victim.cookie()}; ${victim.cookie()}` })
    expect(value.userId).toBe('ada')
    expect(setCookies).toEqual([])
    expect(world.store.count('read')).toBe(1)
  })

  it('more than anybody has are looked at no further', async () => {
    const { world, victim } = await twoSessions()
    const many = Array.from({ length: 200 }, (_, i) => `__Host-session=${String(i).padStart(54, 'A')}`)
    const { value } = await world.client().send(look, { cookie: [...many, victim.cookie()].join('; ') })
    expect(value.refused).toBe('ambiguous')
    expect(world.store.calls).toEqual([])
  })

  it('a store that fails at once for one and later for another takes no process with it', async () => {
    const { world, victim } = await twoSessions()
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    world.store.replace('read', () => new Promise((_, reject) => setTimeout(reject, 1, new Error('later'))))
    world.store.replace('read', () => {
      throw new Error('at once')
    })
    const error = await rejection(async () => victim.open({ cookie: `${STRAY}; ${victim.cookie()}` }))
    expect(error).toMatchObject({ code: 'ERR_STORE' })
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'read' }])
    await new Promise((resolve) => setTimeout(resolve, 5))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })

  it('a store that fails for one of them fails closed', async () => {
    const { world, victim } = await twoSessions()
    world.store.fail('read')
    const error = await rejection(victim.open({ cookie: `${STRAY}; ${victim.cookie()}` }))
    expect(error).toMatchObject({ code: 'ERR_STORE' })
  })
})

describe('a dead token', () => {
  it('that was replaced by a login begins a session again after that', async () => {
    const { world, victim } = await twoSessions()
    const cookie = victim.cookie()
    await victim.send((session) => session.login('ada'))
    world.clock.advance(2 * MINUTE)
    const other = world.client()
    await other.send(edit({ a: 1 }), { cookie })
    expect((await other.send(look)).value.data).toEqual({ a: 1 })
  })

  it('does not prevent a login', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'), { cookie: STRAY })
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })
})
