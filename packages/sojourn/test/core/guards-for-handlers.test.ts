import { createHmac } from 'node:crypto'
import { cookieCarrier, type Guard, type Ruling, type Session, type SessionId, type Sight } from 'sojourn'
import { assertNotSent, deny, sightOf, unlock } from 'sojourn/guards/kit'
import { describe, expect, test } from 'vitest'
import { createWorld, HOUR, rejection, stayFor, type TestData, type WorldOptions } from './kit.ts'

const idle: Guard = { name: 'watcher', opened: () => null }
const macOf = (session: Session<TestData>, guard: Guard = idle, text = 'text') => sightOf(session, guard).mac(text)

async function worldOf(options: WorldOptions<TestData> = {}, guards: readonly Guard[] = [idle]) {
  const world = createWorld<TestData>({ ...options, guards })
  const client = world.client()
  await client.send((session) => session.login('ada'))
  return { ...world, world, client }
}

describe('the MAC of a guard', () => {
  test('stays the same through renewals, a rotation and a new proof, and is another after the next login', async () => {
    const { world, client } = await worldOf()
    const { value: first } = await client.send((session) => macOf(session))
    expect(first).toMatch(/^[\w-]{43}$/)
    await stayFor(world, client, 3 * HOUR)
    await client.send((session) => session.rotate())
    await client.send((session) => session.reauthenticated())
    expect((await client.send((session) => macOf(session))).value).toBe(first)
    const { value: next } = await client.send(async (session) => {
      await session.login('ada')
      return macOf(session)
    })
    expect(next).not.toBe(first)
    expect((await client.send((session) => macOf(session))).value).toBe(next)
  })

  test('differs by session, guard and text', async () => {
    const other = { name: 'other', opened: () => null }
    const { world, client } = await worldOf({}, [idle, other])
    const second = world.client()
    await second.send((session) => session.login('ada'))
    const macs = [
      await client.send((session) => macOf(session)),
      await second.send((session) => macOf(session)),
      await client.send((session) => macOf(session, other)),
      await client.send((session) => macOf(session, idle, 'text2')),
    ].map(({ value }) => value)
    expect(new Set(macs).size).toBe(4)
  })

  test('is the same in check of the guard and in the handler', async () => {
    const seen: (string | null)[] = []
    const guard: Guard = {
      name: 'watcher',
      opened(sight) {
        seen.push(sight.mac('text'))
        return null
      },
      leaving(sight) {
        seen.push(sight.mac('text'))
        return []
      },
    }
    const { client } = await worldOf({}, [guard])
    seen.length = 0
    seen.push((await client.send((session) => macOf(session, guard))).value)
    expect(seen).toHaveLength(3)
    expect(new Set(seen).size).toBe(1)
  })

  test('is null for a visitor whose session is not stored', async () => {
    const { world } = await worldOf()
    expect((await world.client().send((session) => macOf(session))).value).toBeNull()
  })

  test('attack: a copy of the store, and ids, are no key', async () => {
    const { world, client, sessions } = await worldOf()
    const { value: mac } = await client.send((session) => macOf(session))
    const [info] = await sessions.list('ada')
    const record = await world.record(info?.id as SessionId)
    const texts = JSON.stringify([record, info]).match(/[\w-]{16,}/g) ?? []
    expect(texts).toContain(record.id)
    const keys = [...texts, 'watcher', ''].flatMap((text) => [Buffer.from(text), Buffer.from(text, 'base64url')])
    const message = 'sojourn guard mac v1 "watcher" text'
    const made = keys.map((key) => createHmac('sha256', key).update(message).digest('base64url'))
    expect(made).not.toContain(mac)
    // The key is the part of the token that no store holds.
    const locator = Buffer.from(client.token() ?? '', 'base64url').subarray(0, 16)
    expect(createHmac('sha256', locator).update(message).digest('base64url')).toBe(mac)
    expect(JSON.stringify(record)).not.toContain(locator.toString('base64url'))
  })

  test('attack: a session that a carrier vouches for has no key, and no empty one', async () => {
    const { vouch } = await import('sojourn/carriers/kit')
    const id = `${'x'.repeat(21)}A` as SessionId
    const carrier = {
      ...cookieCarrier(),
      name: 'access',
      ambient: false,
      readOnly: true,
      read: () => ({ values: ['ada'], overflow: false }),
      translate: () => vouch({ id, userId: 'ada', expiresAt: Number.MAX_SAFE_INTEGER, reads: 'nothing' }),
    }
    const world = createWorld<TestData>({ guards: [idle], carriers: [carrier, cookieCarrier()] })
    const { value } = await world.client().send((session) => [session.userId, macOf(session)])
    expect(value).toEqual(['ada', null])
  })
})

describe('a guard locks the session', () => {
  const locking = (name: string, when: (sight: Sight) => boolean = ({ userId }) => userId !== null): Guard => ({
    name,
    opened: (sight): Ruling | null => (when(sight) ? { lock: `Ask ${name}.` } : null),
  })

  test('until it unlocks it; each guard for itself', async () => {
    const [one, two] = [locking('one'), locking('two')]
    const { client } = await worldOf({}, [one, two])
    await client.send(async (session) => {
      expect(await rejection(() => session.userId)).toMatchObject({
        code: 'ERR_DENIED',
        message: expect.stringMatching(/Ask one\./),
      })
      unlock(session, one)
      expect(await rejection(() => session.data)).toMatchObject({ message: expect.stringMatching(/Ask two\./) })
      unlock(session, one)
      unlock(session, two)
      expect(session.userId).toBe('ada')
    })
  })

  test('also one that is not stored', async () => {
    const guard = locking('one', ({ view }) => view.method === 'POST')
    const { world } = await worldOf({}, [guard])
    const { session, commit } = await world.client().open({ method: 'POST' })
    expect(await rejection(async () => session.login('eve'))).toMatchObject({ code: 'ERR_DENIED' })
    expect(await rejection(() => Object.assign(session.data, { cart: 1 }))).toMatchObject({ code: 'ERR_DENIED' })
    expect(await commit()).toEqual([])
  })

  test('and asks again after a lost note: one unlock is enough', async () => {
    let asked = 0
    const guard: Guard = {
      name: 'noting',
      opened: ({ userId }) => (userId === null ? null : { lock: 'Wait.', note: String(asked++) }),
    }
    const { client } = await worldOf({}, [guard])
    await client.send((session) => {
      unlock(session, guard)
      expect(session.userId).toBe('ada')
    })
    expect(asked).toBeGreaterThan(0)
  })

  test('while core serves the request: a renewal, a touch and the caching headers', async () => {
    const guard = locking('one')
    const { world, client } = await worldOf({}, [guard])
    await stayFor(world, client, 2 * HOUR)
    expect(world.eventsOf('renewed')).not.toEqual([])
  })

  test('and still sees it in its own functions', async () => {
    const guard = locking('one')
    const { client } = await worldOf({}, [guard])
    expect((await client.send((session) => sightOf(session, guard).userId)).value).toBe('ada')
  })
})

describe('the functions that handlers call', () => {
  test('sightOf shows the session after a login and a logout in the same request', async () => {
    const { world } = await worldOf()
    const { value } = await world.client().send(async (session) => {
      const users = [sightOf(session, idle).userId]
      await session.login('eve')
      users.push(sightOf(session, idle).userId)
      await session.logout()
      return [...users, sightOf(session, idle).userId]
    })
    expect(value).toEqual([null, 'eve', null])
  })

  test('sightOf makes the response private, because it depends on the session', async () => {
    const { client } = await worldOf()
    const { headers } = await client.send((session) => sightOf(session, idle))
    expect(headers).toContainEqual({ name: 'cache-control', value: 'no-store', how: 'default' })
    expect((await client.send(() => {})).headers).toEqual([])
  })

  test('deny emits an event, and throws what adapters answer with', async () => {
    const { client, eventsOf } = await worldOf()
    const refusal = { reason: 'not-now', message: 'Come back later.' }
    const error = await rejection(client.send((session) => deny(session, idle, refusal)))
    expect(error).toMatchObject({
      code: 'ERR_DENIED',
      status: 403,
      message: expect.stringMatching(/Come back later\.$/),
    })
    expect(eventsOf('denied')).toMatchObject([{ guard: 'watcher', reason: 'not-now', request: { method: 'GET' } }])
  })

  test('assertNotSent throws once the response has begun', async () => {
    const { client } = await worldOf()
    const { session, commit } = await client.open()
    assertNotSent(session, idle)
    await commit()
    expect(await rejection(() => assertNotSent(session, idle))).toMatchObject({ code: 'ERR_HEADERS_SENT' })
  })

  test.each<[mistake: string, session: unknown]>([
    ['no session', undefined],
    ['null', null],
    ['another object', { id: 'x', userId: 'ada' }],
    ['a session of another library', { cookie: {} }],
  ])('take %s for a mistake', async (_, session) => {
    for (const call of [sightOf, unlock, assertNotSent]) {
      expect(await rejection(() => call(session as Session<object>, idle))).toMatchObject({
        code: 'ERR_OPTION',
        message: expect.stringMatching(/needs the session of a request/),
      })
    }
  })

  test('refuse a guard that the sessions do not have', async () => {
    const { client } = await worldOf()
    const stranger: Guard = { name: 'stranger', check: () => null }
    expect(await rejection(client.send((session) => sightOf(session, stranger)))).toMatchObject({
      code: 'ERR_OPTION',
      message: expect.stringMatching(/Add stranger to guards/),
    })
  })
})
