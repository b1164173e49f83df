import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  createWorld,
  edit,
  HOUR,
  look,
  MINUTE,
  rejection,
  stayFor,
  type TestData,
  type World,
} from './kit.ts'

async function loggedIn(options = {}) {
  const world = createWorld(options)
  const client = world.client()
  await client.send((session) => session.login('ada', { methods: ['pwd'] }))
  const { value: id } = await client.send((session) => session.id)
  return { world, client, id, cookie: client.cookie() }
}

type Verb = (session: Session<TestData>) => Promise<void>
const VERBS: [string, Verb][] = [
  ['rotate', (session) => session.rotate()],
  ['reauthenticated', (session) => session.reauthenticated()],
]

async function refusal(client: Client<TestData>, cookie: string): Promise<unknown> {
  return (await client.send((session) => session.refused, { cookie })).value
}

/** Until a successor waits for its first use. */
async function startRenewal(world: World<TestData>, client: Client<TestData>): Promise<void> {
  await stayFor(world, client, HOUR)
}

describe('5 Fresh token on every change of privilege; the old one stops at once', () => {
  describe.each(VERBS)('%s', (_, verb) => {
    it('gives a new token to the same session, and refuses the old one without an alarm while the grace lasts', async () => {
      const { world, client, id, cookie } = await loggedIn()
      const { setCookies } = await client.send(verb)
      expect(setCookies).toHaveLength(1)
      expect(client.cookie()).not.toBe(cookie)
      expect((await client.send((session) => [session.id, session.userId])).value).toEqual([id, 'ada'])
      expect(await refusal(client, cookie)).toBe('superseded')
      world.clock.advance(2 * MINUTE - 1)
      expect(await refusal(client, cookie)).toBe('superseded')
      expect(world.eventsOf('reuse')).toEqual([])
      expect((await client.send(look)).value.userId).toBe('ada')
    })

    it('tells of the old token after the grace, and ends the session when it comes again', async () => {
      const { world, client, id, cookie } = await loggedIn()
      await client.send(verb)
      world.clock.advance(2 * MINUTE)
      expect(await refusal(world.client(), cookie)).toBe('reused')
      expect(world.eventsOf('reuse')).toMatchObject([{ id, userId: 'ada', ended: false }])
      world.clock.advance(2 * MINUTE)
      expect(await refusal(world.client(), cookie)).toBe('reused')
      expect(world.eventsOf('reuse').slice(1)).toMatchObject([{ id, userId: 'ada', ended: true }])
      expect((await client.send(look)).value.refused).toBe('ended')
    })

    it('stops the old token before it resolves, whatever the response does', async () => {
      const { world, client, cookie } = await loggedIn()
      const { session } = await client.open()
      await verb(session)
      expect(await refusal(client, cookie)).toBe('superseded')
      expect(world.store.count('write')).toBe(1)
    })

    it('leaves nothing in the store that leads from the old secret to the new one', async () => {
      const { world, client, id } = await loggedIn()
      await startRenewal(world, client)
      expect((await world.record(id)).head.renewal).toBeDefined()
      await client.send(verb)
      const { head } = await world.record(id)
      expect(head.renewal).toBeUndefined()
      expect(JSON.stringify(head)).not.toContain('nonce')
    })

    it('stops the waiting successor of a renewal too', async () => {
      const { world, client, cookie } = await loggedIn()
      await startRenewal(world, client)
      const successor = client.cookie()
      const rotating = await client.open({ cookie })
      await verb(rotating.session)
      client.receive(await rotating.commit())
      expect(await refusal(client, successor)).toBe('superseded')
      expect(await refusal(client, cookie)).toBe('superseded')
      expect((await client.send(look)).value.userId).toBe('ada')
    })

    it('stops a secret that is in the grace of a renewal', async () => {
      const { world, client, cookie } = await loggedIn()
      await startRenewal(world, client)
      await client.send(() => {})
      expect(await refusal(client, cookie)).toBeNull()
      await client.send(verb)
      expect(await refusal(client, cookie)).toBe('superseded')
    })

    it('after the headers went out is an error, and nothing happens', async () => {
      const { client, cookie } = await loggedIn()
      const exchange = await client.open()
      await exchange.commit()
      expect(await rejection(verb(exchange.session))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
      expect(await refusal(client, cookie)).toBeNull()
    })

    it('keeps the data, the user and what was not stored yet', async () => {
      const { client } = await loggedIn()
      await client.send(edit({ a: 1 }))
      await client.send(async (session) => {
        edit({ b: 2 })(session)
        await verb(session)
      })
      expect((await client.send(look)).value).toEqual({ userId: 'ada', refused: null, data: { a: 1, b: 2 } })
    })

    it('when the store fails, is a typed error, and the client’s token stays good', async () => {
      const { world, client, cookie } = await loggedIn()
      world.store.fail('write')
      const { session, commit } = await client.open()
      expect(await rejection(verb(session))).toMatchObject({ code: 'ERR_STORE' })
      expect((await commit()).filter(({ name }) => name === 'set-cookie')).toEqual([])
      expect(await refusal(client, cookie)).toBeNull()
    })
  })

  describe.each(VERBS)('%s that the store did not answer', (_, verb) => {
    it('and cannot be asked about either, is the first failure', async () => {
      const { world, client } = await loggedIn()
      const { session } = await client.open()
      world.store.fail('write', { error: new Error('the write failed') })
      world.store.fail('read', { error: new Error('the read failed') })
      const error = await rejection(verb(session))
      expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: 'the write failed' } })
    })

    it.each(['ended', 'swept'])('and whose session was %s meanwhile, is that failure', async (how) => {
      const { world, client, id } = await loggedIn()
      const { session } = await client.open()
      world.store.replace('write', async () => {
        await world.sessions.revoke(id)
        if (how === 'swept') world.store.replace('read', () => null)
        throw new Error('the write failed')
      })
      const error = await rejection(verb(session))
      expect(error).toMatchObject({ code: 'ERR_STORE', cause: { message: 'the write failed' } })
    })
  })

  it('a rotation does not restart the absolute clock, a fresh proof does', async () => {
    const { world, client } = await loggedIn()
    const { value: began } = await client.send((session) => session.authenticatedAt)
    world.clock.advance(10 * MINUTE)
    await client.send((session) => session.rotate())
    expect((await client.send((session) => session.authenticatedAt)).value).toEqual(began)
    await client.send((session) => session.reauthenticated({ methods: ['hwk'], assurance: 'aal3' }))
    const { value } = await client.send(({ authenticatedAt, methods, assurance }) => [
      authenticatedAt,
      methods,
      assurance,
    ])
    expect(value).toEqual([new Date(world.clock()), ['hwk'], 'aal3'])
    expect(world.eventsOf('reauthenticated')).toMatchObject([{ userId: 'ada', methods: ['hwk'], assurance: 'aal3' }])
  })

  it('a fresh proof without details leaves those of the login', async () => {
    const { world, client } = await loggedIn()
    await client.send((session) => session.reauthenticated())
    expect((await client.send((session) => session.methods)).value).toEqual(['pwd'])
    expect(world.eventsOf('reauthenticated')).toMatchObject([{ methods: [], assurance: null }])
  })

  it('a fresh proof needs a user', async () => {
    const world = createWorld()
    const client = world.client()
    for (const prepare of [() => {}, edit({ a: 1 })]) {
      await client.send(prepare)
      const error = await rejection(client.send((session) => session.reauthenticated()))
      expect(error).toMatchObject({ code: 'ERR_NOT_AUTHENTICATED', status: 401 })
    }
    expect(world.store.count('write')).toBe(0)
  })

  it('rotating what was never stored does nothing', async () => {
    const world = createWorld()
    const { setCookies } = await world.client().send((session) => session.rotate())
    expect(setCookies).toEqual([])
    expect(world.store.calls).toEqual([])
  })

  it('an anonymous session can be rotated', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send(edit({ a: 1 }))
    const before = client.cookie()
    await client.send((session) => session.rotate())
    expect(await refusal(client, before)).toBe('superseded')
    expect((await client.send(look)).value.data).toEqual({ a: 1 })
    expect(world.eventsOf('rotated')).toMatchObject([{ userId: null }])
  })

  it('a session that this request began can be rotated before the response', async () => {
    const world = createWorld()
    const client = world.client()
    const { setCookies } = await client.send(async (session) => {
      await session.login('ada')
      await session.rotate()
    })
    expect(setCookies).toHaveLength(1)
    expect((await client.send(look)).value.userId).toBe('ada')
  })
})
