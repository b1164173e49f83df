import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { type Client, createWorld, edit, HOUR, look, MINUTE, rejection, stayFor, type TestData } from './kit.ts'
import type { When } from './kit-store.ts'

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

describe('rotations and what runs beside them, in every order', () => {
  it.each<When>(['before', 'after'])(
    'two at once (the first stands %s the store): one gets a token, the other is told',
    async (when) => {
      const { world, client, cookie } = await loggedIn()
      const [one, two] = [await client.open(), await client.open()]
      const gate = world.store.hold('write', when)
      const first = one.session.rotate()
      await gate.reached
      const second = two.session.rotate()
      const settled = Promise.allSettled([first, second])
      await second.catch(() => {})
      gate.release()
      expect((await settled).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      client.receive(await one.commit())
      client.receive(await two.commit())
      expect((await client.send(look)).value.userId).toBe('ada')
      expect(await refusal(client, cookie)).toBe('superseded')
      expect(world.eventsOf('rotated')).toHaveLength(1)
      expect(world.eventsOf('reuse')).toEqual([])
    },
  )

  it('two at once on one session in one request give one good token', async () => {
    const { client } = await loggedIn()
    await client.send(async (session) => {
      await Promise.allSettled([session.rotate(), session.rotate()])
    })
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it.each<When>(['before', 'after'])('a renewal beside it (its write stands %s the store)', async (when) => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(MINUTE)
    const [renewing, rotating] = [await client.open(), await client.open()]
    const gate = world.store.hold('write', when)
    const renewal = renewing.commit()
    await gate.reached
    await rotating.session.rotate()
    const rotated = await rotating.commit()
    gate.release()
    client.receive(await renewal)
    client.receive(rotated)
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', refused: null })
  })

  it('a renewal that comes to the store after it hands out nothing', async () => {
    const { world, client } = await loggedIn()
    await stayFor(world, client, HOUR - MINUTE)
    world.clock.advance(MINUTE)
    const [renewing, rotating] = [await client.open(), await client.open()]
    await rotating.session.rotate()
    client.receive(await rotating.commit())
    const headers = await renewing.commit()
    expect(headers.filter(({ name }) => name === 'set-cookie')).toEqual([])
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it('an edit of a request that was on its way is stored: it was let in rightly', async () => {
    const { client } = await loggedIn()
    const slow = await client.open()
    await client.send((session) => session.rotate())
    edit({ late: 1 })(slow.session)
    client.receive(await slow.commit())
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { late: 1 } })
  })

  it('an update beside it is kept', async () => {
    const { world, client } = await loggedIn()
    const slow = await client.open()
    const gate = world.store.hold('write')
    const update = slow.session.update('n', () => 1)
    await gate.reached
    await client.send((session) => session.rotate())
    gate.release()
    await update
    expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { n: 1 } })
  })

  it('a request that was overtaken can neither rotate nor confirm itself', async () => {
    for (const [, verb] of VERBS) {
      const { client } = await loggedIn()
      const slow = await client.open()
      await client.send((session) => session.rotate())
      expect(await rejection(verb(slow.session))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
      edit({ a: 1 })(slow.session)
      await slow.commit()
      expect(await rejection(verb(slow.session))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
      expect((await client.send(look)).value).toMatchObject({ userId: 'ada', data: { a: 1 } })
    }
  })

  it('a logout by a request that was overtaken ends the session', async () => {
    const { client } = await loggedIn()
    const slow = await client.open()
    await client.send((session) => session.rotate())
    await slow.session.logout()
    expect((await client.send(look)).value.refused).toBe('ended')
  })

  it('a rotation by a request in the grace of a renewal works, and the client has its token', async () => {
    const { world, client, cookie } = await loggedIn()
    await stayFor(world, client, HOUR)
    await client.send(() => {})
    const late = await client.open({ cookie })
    expect(late.session.userId).toBe('ada')
    await late.session.rotate()
    client.receive(await late.commit())
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  it('a failing store does not change the last-seen time of the rotation', async () => {
    const { world, client, id } = await loggedIn()
    world.clock.advance(10 * MINUTE)
    await client.send((session) => session.rotate())
    expect(await world.record(id)).toMatchObject({ lastSeenAt: world.clock() })
    expect((await world.record(id)).expiresAt).toBe(world.clock() + 30 * MINUTE)
  })
})
