import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, HOUR, look, MINUTE, rejection, stayFor, type TestData, toView } from './kit.ts'
import type { When } from './kit-store.ts'

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada'))
  const { value: id } = await client.send((session) => session.id)
  world.store.calls.length = 0
  return { world, client, id, cookie: client.cookie() }
}

const ENDS: Record<string, (world: Awaited<ReturnType<typeof loggedIn>>) => Promise<unknown>> = {
  logout: async ({ client, cookie }) => client.send((session) => session.logout(), { cookie }),
  revoke: async ({ world, id }) => world.sessions.revoke(id),
  revokeAll: async ({ world }) => world.sessions.revokeAll('ada'),
  erase: async ({ world }) => world.sessions.erase('ada'),
  'revokeDevice of another session': async ({ world, id }) => {
    const other = world.client()
    await other.send((session) => session.login('ada'))
    await other.send((session) => session.revokeDevice(id))
  },
  'revokeOthers of another session': async ({ world }) => {
    const other = world.client()
    await other.send((session) => session.login('ada'))
    await other.send((session) => session.revokeOthers())
  },
  'login of somebody else': async ({ client, cookie }) => client.send((session) => session.login('bob'), { cookie }),
}

describe('1 Ended is ended', () => {
  describe.each(Object.entries(ENDS))('by %s', (_, end) => {
    it('no request on any node opens it', async () => {
      const it = await loggedIn()
      await end(it)
      for (const sessions of [it.world.sessions, it.world.node()]) {
        const { session } = await sessions.open(toView({ cookie: it.cookie }))
        expect(look(session)).toEqual({ userId: null, refused: 'ended', data: {} })
        expect(session.isNew).toBe(true)
        expect(session.id).not.toBe(it.id)
      }
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it.each([
      ['an edit', (session: Session<TestData>) => edit({ late: true })(session)],
      ['a flash', (session: Session<TestData>) => session.flash.set('late', true)],
      ['nothing but last-seen', () => {}],
    ])('a save in flight does not bring it back: %s', async (_name, work) => {
      const it = await loggedIn()
      it.world.clock.advance(5 * MINUTE)
      const slow = await it.client.open({ cookie: it.cookie })
      await work(slow.session)
      await end(it)
      const headers = await slow.commit()
      await slow.finish()
      expect(headers.filter(({ name }) => name === 'set-cookie')).toEqual([])
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
      expect((await it.client.send(look, { cookie: it.cookie })).value.refused).toBe('ended')
    })

    it.each<When>(['before', 'after'])('a save that reaches the store %s the end does not, either', async (when) => {
      const it = await loggedIn()
      const slow = await it.client.open({ cookie: it.cookie })
      edit({ late: true })(slow.session)
      const gate = it.world.store.hold('write', when)
      const commit = slow.commit()
      await gate.reached
      await end(it)
      gate.release()
      await commit
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it('a renewal in flight does not, and hands out no token', async () => {
      const it = await loggedIn()
      await stayFor(it.world, it.client, HOUR - MINUTE)
      it.world.clock.advance(MINUTE)
      const slow = await it.client.open({ cookie: it.cookie })
      await end(it)
      expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
      expect(await it.world.kept(it.id)).toMatchObject({ kind: 'ended' })
    })

    it('a renewal that is waiting does not, and the successor opens nothing', async () => {
      const it = await loggedIn()
      await stayFor(it.world, it.client, HOUR)
      const successor = it.client.cookie()
      expect(successor).not.toBe(it.cookie)
      await end(it)
      expect((await it.client.send(look, { cookie: successor })).value.refused).toBe('ended')
    })

    it.each([
      ['update', (session: Session<TestData>) => session.update('n', () => 1)],
      ['rotate', (session: Session<TestData>) => session.rotate()],
      ['reauthenticated', (session: Session<TestData>) => session.reauthenticated()],
    ])('%s in flight is told', async (_name, verb) => {
      const it = await loggedIn()
      const slow = await it.client.open({ cookie: it.cookie })
      await end(it)
      expect(await rejection(Promise.resolve(verb(slow.session)))).toMatchObject({
        code: 'ERR_SESSION_ENDED',
        status: 401,
      })
      expect((await slow.commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    })

    it('a parallel read does not open the session once the end resolved', async () => {
      const it = await loggedIn()
      const gate = it.world.store.hold('read')
      const opening = it.client.open({ cookie: it.cookie })
      await gate.reached
      await end(it)
      gate.release()
      expect((await opening).session.userId).toBeNull()
    })
  })

  it('a logout in flight twice is one end, and both resolve', async () => {
    const { world, client, cookie } = await loggedIn()
    const requests = await Promise.all([client.open({ cookie }), client.open({ cookie })])
    await Promise.all(requests.map(({ session }) => session.logout()))
    expect(world.eventsOf('ended')).toHaveLength(1)
  })

  it('a logout while the store cannot answer does not pretend', async () => {
    const { world, client, cookie } = await loggedIn()
    world.store.fail('end')
    const { session, commit } = await client.open({ cookie })
    expect(await rejection(session.logout())).toMatchObject({ code: 'ERR_STORE' })
    expect(session.userId).toBe('ada')
    expect((await commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect((await client.send(look, { cookie })).value.userId).toBe('ada')
  })

  it('the tombstone of a session that was about to expire stays for a grace', async () => {
    const { world, id } = await loggedIn()
    world.clock.advance(30 * MINUTE - 1)
    await world.sessions.revoke(id)
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', expiresAt: world.clock() + 2 * MINUTE })
  })

  it('the tombstone stays until the session would have expired, and names nobody', async () => {
    const { world, client, id, cookie } = await loggedIn()
    world.clock.advance(10 * MINUTE)
    await client.send((session) => session.logout())
    const endedAt = world.clock()
    expect(await world.kept(id)).toEqual({
      kind: 'ended',
      id,
      reason: 'logout',
      endedAt,
      expiresAt: endedAt + 20 * MINUTE,
    })
    world.clock.advance(20 * MINUTE - 1)
    await world.sessions.sweep()
    expect((await client.send(look, { cookie })).value.refused).toBe('ended')
    world.clock.advance(1)
    await world.sessions.sweep()
    expect((await client.send(look, { cookie })).value.refused).toBe('unknown')
    expect(await world.kept(id)).toBeNull()
  })

  it('an edit that came too late is reported to listeners, without its value', async () => {
    const { world, client, id, cookie } = await loggedIn()
    const slow = await client.open({ cookie })
    edit({ late: 'value' })(slow.session)
    await world.sessions.revoke(id)
    world.events.length = 0
    await slow.commit()
    expect(world.events).toMatchObject([{ type: 'refused', id, reason: 'ended' }])
    await slow.finish()
    expect(world.events).toHaveLength(1)
  })
})
