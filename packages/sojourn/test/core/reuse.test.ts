import { describe, expect, it } from 'vitest'
import { deriveSuccessor } from '../../src/core/secrets.ts'
import { createTokens, hashSecret } from '../../src/core/token.ts'
import { openVault } from '../../src/core/vault.ts'
import { createClient, createWorld, edit, HOUR, look, MINUTE, SECOND, stayFor } from './kit.ts'

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

describe('an old token of a renewed session', () => {
  it('raises one alarm after the grace, and the session ends for whoever holds any of its tokens', async () => {
    const { world, client, id, first } = await renewed()
    world.clock.advance(30 * SECOND)
    const { value, setCookies } = await world.client().send(look, { cookie: first })
    expect(value).toEqual({ userId: null, refused: 'reused', data: {} })
    expect(setCookies).toMatchObject([expect.stringContaining('Max-Age=0')])
    expect(world.eventsOf('reuse')).toMatchObject([{ id, userId: 'ada', ended: true }])
    expect(world.eventsOf('ended')).toMatchObject([{ id, userId: 'ada', reason: 'reused' }])
    expect((await client.send(look)).value.refused).toBe('ended')
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'reused' })
    await client.send(look, { cookie: first })
    expect(world.eventsOf('reuse')).toHaveLength(1)
  })

  it('raises one alarm over many parallel requests', async () => {
    const { world, client, first } = await renewed()
    world.clock.advance(30 * SECOND)
    const gates = Array.from({ length: 10 }, () => world.store.hold('end'))
    const requests = gates.map(() => client.open({ cookie: first }))
    await Promise.all(gates.map(({ reached }) => reached))
    for (const { release } of gates) release()
    for (const { session } of await Promise.all(requests)) expect(session.refused).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(1)
    expect(world.eventsOf('ended')).toHaveLength(1)
  })

  it('is told even when the session cannot be ended, without pretending that it was', async () => {
    const { world, client, id, first } = await renewed()
    world.clock.advance(30 * SECOND)
    world.store.fail('end')
    await expect(client.open({ cookie: first })).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(world.eventsOf('reuse')).toMatchObject([{ id, ended: false }])
    expect(world.eventsOf('ended')).toEqual([])
  })

  it('is reported only, when so configured', async () => {
    const { world, client, id, first } = await renewed({ onReuse: 'report' })
    world.clock.advance(30 * SECOND)
    expect((await client.send(look, { cookie: first })).value).toMatchObject({ userId: null, refused: 'reused' })
    expect(world.eventsOf('reuse')).toMatchObject([{ id, userId: 'ada', ended: false }])
    expect(world.store.count('end')).toBe(0)
    expect(await world.kept(id)).toMatchObject({ kind: 'live' })
    const other = createClient(world.sessions)
    for (const [key, value] of client.jar) other.jar.set(key, value)
    await other.send(() => {}, { cookie: first })
    expect(world.eventsOf('reuse')).toHaveLength(2)
  })

  it('a secret that never was, under a real locator, is an alarm too: locators are not public', async () => {
    const { world, client } = await due()
    const token = client.token() ?? ''
    const wrong = token.slice(0, -12) + (token.at(-12) === 'A' ? 'B' : 'A') + token.slice(-11)
    expect((await client.send(look, { cookie: `__Host-session=${wrong}` })).value.refused).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(1)
  })

  it('the thief’s: who renews first leaves the other with the same successor, as documented', async () => {
    const { world, client, first } = await due()
    const thief = createClient(world.sessions)
    thief.jar.set('__Host-session Path=/', first)
    await thief.send(() => {})
    await client.send(() => {})
    expect(thief.cookie()).toBe(client.cookie())
  })

  it('the thief’s: a copy taken before a renewal is an alarm when it is used after', async () => {
    const { world, client, first } = await renewed()
    const thief = createClient(world.sessions)
    thief.jar.set('__Host-session Path=/', first)
    world.clock.advance(MINUTE)
    expect((await thief.send(look)).value.userId).toBeNull()
    expect(thief.jar.size).toBe(0)
    expect((await client.send(look)).value.userId).toBeNull()
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
    world.clock.advance(MINUTE)
    await client.send(() => {})
    const record = await world.record(id)
    expect(record.head.previous).toBeUndefined()
    for (const standing of ['current', 'renewing', 'successor', 'grace'] as const) {
      expect(await openVault(record, parts.secret, standing)).toBeNull()
    }
  })
})
