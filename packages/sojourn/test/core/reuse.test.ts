import { describe, expect, it } from 'vitest'
import { openVault } from '../../src/core/data/vault.ts'
import { deriveSuccessor } from '../../src/core/token/secrets.ts'
import { createTokens, hashSecret } from '../../src/core/token/token.ts'
import { createClient, createWorld, edit, HOUR, look, MINUTE, stayFor } from './kit.ts'

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

const GRACE = 2 * MINUTE

describe('an old token of a renewed session, after the grace', () => {
  it('is refused and reported the first time, and does not end the session: a late request looks like a thief', async () => {
    const { world, client, id, first } = await renewed()
    world.clock.advance(GRACE)
    const { value, setCookies } = await world.client().send(look, { cookie: first })
    expect(value).toEqual({ userId: null, refused: 'reused', data: {} })
    expect(setCookies).toEqual([])
    expect(world.eventsOf('reuse')).toMatchObject([{ id, userId: 'ada', ended: false }])
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
    world.clock.advance(GRACE - 1)
    await client.send(look, { cookie: first })
    expect(world.eventsOf('reuse')).toHaveLength(1)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it('ends the session for whoever holds any of its tokens, when it comes again a grace later', async () => {
    const { world, client, id, first } = await renewed()
    for (let use = 0; use < 2; use++) {
      world.clock.advance(GRACE)
      expect((await world.client().send(look, { cookie: first })).value.refused).toBe('reused')
    }
    expect(world.eventsOf('reuse')).toMatchObject([{ ended: false }, { id, userId: 'ada', ended: true }])
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'reused' }])
    expect((await client.send(look)).value.refused).toBe('ended')
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'reused' })
    await client.send(look, { cookie: first })
    expect(world.eventsOf('reuse')).toHaveLength(2)
  })

  it('does not count a use from before the next renewal', async () => {
    const { world, client, first } = await renewed()
    world.clock.advance(GRACE)
    await world.client().send(look, { cookie: first })
    await stayFor(world, client, HOUR)
    await client.send(() => {})
    await client.send(() => {})
    expect(world.eventsOf('renewed')).toHaveLength(2)
    await world.client().send(look, { cookie: first })
    expect(world.eventsOf('reuse')).toMatchObject([{ ended: false }, { ended: false }])
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it('is not made good by a rotation: a thief who is ahead could rotate as often as the owner is refused', async () => {
    const { world, client, first } = await renewed()
    world.clock.advance(GRACE)
    await world.client().send(look, { cookie: first })
    await client.send((session) => session.rotate())
    world.clock.advance(GRACE)
    await world.client().send(look, { cookie: first })
    expect(world.eventsOf('reuse')).toMatchObject([{ ended: false }, { ended: true }])
  })

  it('first strike: does not keep the session alive', async () => {
    const { world, id, first } = await renewed()
    const { lastSeenAt, expiresAt } = await world.record(id)
    world.clock.advance(GRACE)
    await world.client().send(look, { cookie: first })
    expect(await world.record(id)).toMatchObject({ lastSeenAt, expiresAt })
  })

  it.each(['logout', 'login'] as const)('first strike: its holder can still end the session (%s)', async (verb) => {
    const { world, client, id, first } = await renewed()
    world.clock.advance(GRACE)
    const behind = world.client()
    behind.jar.set('__Host-session Path=/', first)
    await behind.send((session) => (verb === 'logout' ? session.logout() : session.login('ada')))
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: verb })
    expect((await client.send(look)).value.refused).toBe('ended')
  })

  it('first strike: a late upload that writes puts no session in place of the newer token', async () => {
    const { world, client, first } = await renewed()
    world.clock.advance(GRACE)
    await client.send(edit({ late: 1 }), { cookie: first })
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it.each(['write', 'end'] as const)('raises one alarm over many parallel requests (%s)', async (operation) => {
    const { world, client, first } = await renewed()
    world.clock.advance(GRACE)
    if (operation === 'end') {
      await client.open({ cookie: first })
      world.clock.advance(GRACE)
      world.events.length = 0
    }
    const gates = Array.from({ length: 10 }, () => world.store.hold(operation))
    const requests = gates.map(() => client.open({ cookie: first }))
    await Promise.all(gates.map(({ reached }) => reached))
    for (const { release } of gates) release()
    for (const { session } of await Promise.all(requests)) expect(session.refused).toBe('reused')
    expect(world.eventsOf('reuse')).toMatchObject([{ ended: operation === 'end' }])
    expect(world.eventsOf('ended')).toHaveLength(operation === 'end' ? 1 : 0)
  })

  it.each(['write', 'end'] as const)(
    'is told even when the store fails (%s), without pretending',
    async (operation) => {
      const { world, client, id, first } = await renewed()
      world.clock.advance(GRACE)
      if (operation === 'end') {
        await client.open({ cookie: first })
        world.clock.advance(GRACE)
        world.events.length = 0
      }
      world.store.fail(operation)
      await expect(client.open({ cookie: first })).rejects.toMatchObject({ code: 'ERR_STORE' })
      expect(world.eventsOf('reuse')).toMatchObject([{ id, ended: false }])
      expect(world.eventsOf('ended')).toEqual([])
    },
  )

  it('is reported only, when so configured: once a grace', async () => {
    const { world, client, id, first } = await renewed({ onReuse: 'report' })
    for (let use = 1; use <= 3; use++) {
      world.clock.advance(GRACE)
      expect((await world.client().send(look, { cookie: first })).value).toMatchObject({ refused: 'reused' })
      await world.client().send(look, { cookie: first })
      expect(world.eventsOf('reuse')).toHaveLength(use)
    }
    expect(world.eventsOf('reuse')[2]).toMatchObject({ id, userId: 'ada', ended: false })
    expect(world.store.count('end')).toBe(0)
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it('when reported only: whoever holds it is not kept from a session for ever', async () => {
    const { world, first } = await renewed({ onReuse: 'report' })
    const behind = world.client()
    behind.jar.set('__Host-session Path=/', first)
    for (let use = 0; use < 2; use++) {
      world.clock.advance(GRACE)
      await behind.send(edit({ a: 2 }))
    }
    expect((await behind.send(look)).value).toMatchObject({ refused: null, data: { a: 2 } })
  })

  it('is an alarm beside a live token of another session too, and the answer tells nothing', async () => {
    const { world, client, id, first, second } = await renewed()
    const thief = world.client()
    await thief.send((session) => session.login('mallory'))
    world.clock.advance(GRACE)
    const { value } = await thief.send(look, { cookie: `${thief.cookie()}; ${first}` })
    expect(value).toMatchObject({ userId: 'mallory', refused: null })
    expect(world.eventsOf('reuse')).toMatchObject([{ id, ended: false }])
    world.clock.advance(GRACE)
    await thief.send(look, { cookie: `${first}; ${thief.cookie()}` })
    expect(world.eventsOf('reuse')[1]).toMatchObject({ id, ended: true })
    expect((await client.send(look, { cookie: second })).value.refused).toBe('ended')
  })

  it('is a stale copy, and no alarm, beside a live token of its own session', async () => {
    const { world, client, first, second } = await renewed()
    world.clock.advance(GRACE)
    expect((await client.send(look, { cookie: `${first}; ${second}` })).value.userId).toBe('ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('a secret that never was, under a real locator, is an alarm too: locators are not public', async () => {
    const { world, client } = await due()
    const token = client.token() ?? ''
    const wrong = token.slice(0, -12) + (token.at(-12) === 'A' ? 'B' : 'A') + token.slice(-11)
    expect((await client.send(look, { cookie: `__Host-session=${wrong}` })).value.refused).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(1)
  })

  it('the thief’s: both the first and the second to renew get the same successor, as documented', async () => {
    const { world, client, first } = await due()
    const thief = createClient(world.sessions)
    thief.jar.set('__Host-session Path=/', first)
    await thief.send(() => {})
    await client.send(() => {})
    expect(thief.cookie()).toBe(client.cookie())
  })

  it('the thief’s: a copy taken before a renewal opens nothing after it', async () => {
    const { world, first } = await renewed()
    const thief = createClient(world.sessions)
    thief.jar.set('__Host-session Path=/', first)
    world.clock.advance(GRACE)
    for (let minutes = 0; minutes < 10; minutes++) {
      expect((await thief.send(look)).value.userId).toBeNull()
      world.clock.advance(MINUTE)
    }
  })
})

describe('4 Hashed at rest: a copy of the store', () => {
  it('with the current token gives the successor only while the renewal waits', async () => {
    const { world, client, id, first } = await due()
    await client.send(() => {})
    const { head } = await world.record(id)
    const parts = createTokens().parse(first.replace('__Host-session=', ''))
    if (typeof parts === 'string' || head.renewal === undefined) throw new Error('no renewal')
    expect(hashSecret(deriveSuccessor(parts.secret, head.renewal.nonce))).toBe(head.renewal.next)
  })

  it('with an old token yields nothing once the successor was seen', async () => {
    const { world, id } = await renewed()
    const { head } = await world.record(id)
    expect(head.renewal).toBeUndefined()
    expect(Object.keys(head).sort()).toEqual(['authenticatedAt', 'device', 'previous', 'secret', 'secretAt'])
  })

  it('with an old token opens no sealed data once the grace is over and the session was touched', async () => {
    const { world, client, id, first } = await renewed({ sealed: true })
    const parts = createTokens().parse(first.replace('__Host-session=', ''))
    if (typeof parts === 'string') throw new Error('no token')
    world.clock.advance(GRACE)
    await client.send(() => {})
    const record = await world.record(id)
    expect(record.head.previous).toBeUndefined()
    for (const standing of ['current', 'renewing', 'successor', 'grace'] as const) {
      expect(await openVault(record, parts.secret, standing)).toBeNull()
    }
  })
})
