import { type Carrier, cookieCarrier, memoryStore, SessionError, type Store } from 'sojourn'
import { adopt, type OldSession } from 'sojourn/carriers/kit'
import { describe, expect, it } from 'vitest'
import {
  type Client,
  createClient,
  createWorld,
  DAY,
  HOUR,
  MINUTE,
  rejection,
  setCookiesOf,
  type TestData,
  type World,
  type WorldOptions,
} from './kit.ts'
import { bothCarriers, createOldLibrary, OLD_NAME, type OldLibrary } from './old-library.ts'

interface Moving {
  readonly world: World<TestData>
  readonly old: OldLibrary
  /** A browser that holds the old cookie. */
  visitor(): Client<TestData>
}

function createMoving(row: Partial<OldSession> = {}, options: WorldOptions<TestData> = {}): Moving {
  const old = createOldLibrary()
  const world = createWorld({ carriers: bothCarriers(old), ...options })
  old.rows.set('row1', { userId: 'ada', data: { cart: ['tea'] }, until: world.clock() + 14 * DAY, ...row })
  return {
    world,
    old,
    visitor() {
      const client = world.client()
      client.jar.set(`${OLD_NAME} Path=/`, `${OLD_NAME}=${old.sign('row1')}`)
      return client
    },
  }
}

/** A store whose nth call of this operation fails, before or after it was done. */
function failingOnce(operation: 'create' | 'read' | 'write', when: 'before' | 'after', nth: number): Store {
  const store = memoryStore()
  let calls = 0
  const perform = store[operation] as (...args: unknown[]) => unknown
  const failing = (...args: unknown[]): unknown => {
    if (++calls !== nth) return perform(...args)
    if (when === 'after') perform(...args)
    throw new Error('connection reset')
  }
  return { ...store, [operation]: failing }
}

const userOf = (session: { userId: string | null }): string | null => session.userId

describe('a session of another library', () => {
  it('opens with its user and data, becomes ours, and the old one goes', async () => {
    const { world, old, visitor } = createMoving({
      methods: ['pwd'],
      assurance: 'aal1',
      authenticatedAt: new Date(Date.UTC(2029, 11, 31, 23)),
    })
    const client = visitor()
    const { value, setCookies } = await client.send((session) => ({
      userId: session.userId,
      data: { ...session.data },
      isNew: session.isNew,
      methods: session.methods,
      assurance: session.assurance,
      at: session.authenticatedAt?.toISOString(),
    }))
    expect(value).toEqual({
      userId: 'ada',
      data: { cart: ['tea'] },
      isNew: false,
      methods: ['pwd'],
      assurance: 'aal1',
      at: '2029-12-31T23:00:00.000Z',
    })
    expect(setCookies.map((cookie) => cookie.split('=')[0])).toEqual([OLD_NAME, '__Host-session'])
    expect([...client.jar.keys()]).toEqual(['__Host-session Path=/'])
    expect(old.calls).toEqual(['load row1', 'delete row1'])
    expect((await client.send(userOf)).value).toBe('ada')
    expect(old.calls).toHaveLength(2)
    expect(await world.sessions.list('ada')).toHaveLength(1)
    expect(world.eventsOf('adopted')).toMatchObject([{ userId: 'ada', carrier: 'old-cookie' }])
    expect(world.eventsOf('renewed')).toHaveLength(1)
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('of nobody opens anonymously, with its data', async () => {
    const { visitor } = createMoving({ userId: null })
    const { value } = await visitor().send((session) => [session.userId, session.data.cart])
    expect(value).toEqual([null, ['tea']])
  })

  it('begins once, whatever the number of parallel requests, and all of them are logged in and get the same token', async () => {
    const { world, visitor } = createMoving()
    const clients = Array.from({ length: 8 }, visitor)
    const replies = await Promise.all(clients.map((client) => client.send(userOf)))
    expect(replies.map(({ value }) => value)).toEqual(Array.from({ length: 8 }, () => 'ada'))
    expect(new Set(clients.map((client) => client.token())).size).toBe(1)
    expect(await world.sessions.list('ada')).toHaveLength(1)
    expect(world.eventsOf('adopted')).toHaveLength(1)
    for (const client of clients) expect((await client.send(userOf)).value).toBe('ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it.each(['read', 'create'] as const)('begins once when the others overtake its %s', async (operation) => {
    const { world, old, visitor } = createMoving()
    const gate = world.store.hold(operation)
    const first = visitor().send(userOf)
    await gate.reached
    const second = await visitor().send(userOf)
    gate.release()
    expect([(await first).value, second.value]).toEqual(['ada', 'ada'])
    expect(await world.sessions.list('ada')).toHaveLength(1)
    expect(old.rows.size).toBe(0)
  })

  it('opens for a request whose old row was deleted by a parallel adoption while it read', async () => {
    const { world, old, visitor } = createMoving()
    const gate = world.store.hold('read', 'after')
    const late = visitor().send(userOf)
    await gate.reached
    await visitor().send(userOf)
    expect(old.rows.size).toBe(0)
    gate.release()
    expect((await late).value).toBe('ada')
  })

  it('stays open with the old cookie until the client has shown the new one: the first answer may be lost', async () => {
    const { world, visitor } = createMoving()
    await visitor().send(userOf)
    world.clock.advance(20 * MINUTE)
    const again = visitor()
    expect((await again.send(userOf)).value).toBe('ada')
    expect((await again.send(userOf)).value).toBe('ada')
    // The new one was shown: the old cookie is good for the requests on their way, and then evidence of a copy.
    expect((await visitor().send(userOf)).value).toBe('ada')
    world.clock.advance(5 * MINUTE)
    expect((await visitor().send((session) => session.refused)).value).toBe('reused')
    expect(world.eventsOf('reuse')).toHaveLength(1)
    expect((await again.send(userOf)).value).toBe('ada')
  })

  it('waits on a socket, which can set no cookie: the old cookie opens it, and the next request gets the new one', async () => {
    const { world, visitor } = createMoving()
    const client = visitor()
    const view = { method: 'GET', url: '/', secure: true, peer: null, canSetHeaders: false }
    const { session, commit } = await world.sessions.open({
      ...view,
      header: (name) => (name === 'cookie' ? client.cookie() : null),
    })
    expect(session.userId).toBe('ada')
    expect(setCookiesOf(await commit())).toEqual([])
    expect((await client.send(userOf)).value).toBe('ada')
    expect(client.token()).not.toBeNull()
  })

  it('keeps sealed data sealed', async () => {
    const { world, visitor } = createMoving({}, { sealed: true })
    const client = visitor()
    const { value } = await client.send((session) => [session.id, session.data.cart] as const)
    expect(value[1]).toEqual(['tea'])
    expect(JSON.stringify(await world.record(value[0]))).not.toContain('tea')
    expect((await client.send((session) => session.data.cart)).value).toEqual(['tea'])
    expect((await client.send((session) => session.data.cart)).value).toEqual(['tea'])
  })

  it('is judged by the schema of today', async () => {
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          Array.isArray((value as TestData).cart)
            ? { issues: [{ message: 'no list', path: ['cart'] }] }
            : { value: value as TestData },
      },
    } as const
    const { visitor } = createMoving({}, { data: schema })
    const { value } = await visitor().send((session) => [session.userId, session.data.cart])
    expect(value).toEqual(['ada', undefined])
  })
})

describe('1 Ended is ended: the old cookie', () => {
  it('does not undo a logout', async () => {
    const { world, visitor } = createMoving()
    const client = visitor()
    await client.send(userOf)
    await client.send((session) => session.logout())
    expect((await visitor().send((session) => [session.userId, session.refused])).value).toEqual([null, 'ended'])
    expect(await world.sessions.list('ada')).toEqual([])
  })

  it('does not undo a logout in the request that adopted it', async () => {
    const { visitor } = createMoving()
    const client = visitor()
    const { setCookies } = await client.send((session) => session.logout())
    expect(setCookies).toHaveLength(1)
    expect(client.jar.size).toBe(0)
    expect((await visitor().send(userOf)).value).toBeNull()
  })

  it.each(['logout', 'login'] as const)(
    'does not log the user in again if it came with our cookie, which counted, at a %s',
    async (verb) => {
      const { world, visitor } = createMoving()
      const client = visitor()
      const other = createClient(world.sessions)
      await other.send((session) => session.login('bob'))
      for (const [name, cookie] of other.jar) client.jar.set(name, cookie)
      expect((await client.send(userOf)).value).toBe('bob')
      expect(client.cookie()).toContain(OLD_NAME)
      await client.send((session) => (verb === 'logout' ? session.logout() : session.login('bob')))
      expect(client.cookie()).not.toContain(OLD_NAME)
      await client.send((session) => session.logout())
      expect((await client.send(userOf)).value).toBeNull()
      expect(client.cookie()).toBe('')
    },
  )

  it('does not undo it when the old row could not be deleted', async () => {
    const { world, old, visitor } = createMoving()
    old.failNext('delete')
    const client = visitor()
    expect((await client.send(userOf)).value).toBe('ada')
    expect(old.rows.size).toBe(1)
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier old-cookie' }])
    await client.send((session) => session.logout())
    expect((await visitor().send(userOf)).value).toBeNull()
  })

  it('does not undo it after the tombstone is gone, for as long as the other library would accept it', async () => {
    const { world, old, visitor } = createMoving()
    const row = old.rows.get('row1') as OldSession
    const client = visitor()
    await client.send(userOf)
    await client.send((session) => session.logout())
    // As with a cookie that holds the whole session: nothing can delete it.
    old.rows.set('row1', row)
    for (const later of [13 * HOUR, 5 * DAY, 8 * DAY]) {
      world.clock.advance(later)
      await world.sessions.sweep()
      expect((await visitor().send((session) => [session.userId, session.refused])).value, `${later}`).toEqual([
        null,
        'expired',
      ])
    }
    world.clock.advance(2 * DAY)
    await world.sessions.sweep()
    expect((await visitor().send((session) => session.refused)).value).toBe('expired')
  })

  it('does not undo it when its end is soon, counted anew by each request, and its claim could not be finished', async () => {
    const { world, old, visitor } = createMoving({}, { store: failingOnce('write', 'before', 1) })
    const row = { userId: 'ada', data: {}, until: world.clock() + DAY }
    old.rows.get = () => ({ ...row, endsAt: world.clock() + 5 * MINUTE })
    const client = visitor()
    expect((await client.send(userOf)).value).toBe('ada')
    await client.send((session) => session.logout())
    for (let minutes = 0; minutes < 40; minutes += 4) {
      expect((await visitor().send(userOf)).value, `${minutes} minutes later`).toBeNull()
      world.clock.advance(4 * MINUTE)
      await world.sessions.sweep()
    }
  })

  it('does not undo it when a full store forgot the tombstone', async () => {
    const { world, old, visitor } = createMoving({}, { store: memoryStore({ maxSessions: 3 }) })
    const row = old.rows.get('row1') as OldSession
    const client = visitor()
    await client.send(userOf)
    await client.send((session) => session.logout())
    old.rows.set('row1', row)
    for (let i = 0; i < 5; i++) {
      await world.client().send((session) => {
        session.data.x = i
      })
    }
    expect((await visitor().send(userOf)).value).toBeNull()
  })

  it('does not bring back a session that expired', async () => {
    const { world, old, visitor } = createMoving()
    const row = old.rows.get('row1') as OldSession
    await visitor().send(userOf)
    old.rows.set('row1', row)
    world.clock.advance(31 * MINUTE)
    expect((await visitor().send((session) => session.refused)).value).toBe('expired')
    await world.sessions.sweep()
    expect((await visitor().send((session) => session.refused)).value).toBe('expired')
  })
})

describe('2 to 7: adoption keeps the other guarantees', () => {
  it('a text that the other library did not issue never becomes a session, and costs no read', async () => {
    const { world, old, visitor } = createMoving()
    for (const text of [
      '',
      'row1',
      'row1.',
      '.',
      `${old.sign('row1')}x`,
      old.sign('row1').slice(0, -1),
      'x'.repeat(10_000),
      '\0.\0',
    ]) {
      const client = world.client()
      client.jar.set('x', `${OLD_NAME}=${text}`)
      const { value, setCookies } = await client.send((session) => [session.userId, session.refused])
      expect(value, text.slice(0, 50)).toEqual([null, 'forged'])
      expect(setCookies).toEqual([])
    }
    expect(world.store.calls).toEqual([])
    expect(old.calls).toEqual([])
    expect((await visitor().send(userOf)).value).toBe('ada')
  })

  it('a row that is gone is refused, and nothing is written', async () => {
    const { world, old, visitor } = createMoving()
    old.rows.clear()
    expect((await visitor().send((session) => [session.userId, session.refused])).value).toEqual([null, 'unknown'])
    expect(world.store.count('create')).toBe(0)
  })

  it('a store that may lose writes is refused at the first adoption, before anything is stored or deleted', async () => {
    const { world, old, visitor } = createMoving()
    const store = { ...world.store, lacks: { 'lost-update': 'It has no atomic write.' } }
    const node = world.node({ store, insecureStoreLacks: ['lost-update'] })
    const error = await rejection(createClient(node).send(userOf, { cookie: visitor().cookie() }))
    expect(error).toMatchObject({ code: 'ERR_OPTION', status: 500 })
    expect(error.message).toMatch(/adopt needs another store.*It has no atomic write\./)
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier old-cookie', error: { code: 'ERR_OPTION' } }])
    expect(world.store.count('create') + world.store.count('write')).toBe(0)
    expect(old.rows.size).toBe(1)
    expect((await visitor().send(userOf)).value).toBe('ada')
  })

  it('7 Fail closed: an old store that is down is a 503, and the client keeps its cookie', async () => {
    const { world, old, visitor } = createMoving()
    old.failNext('load')
    const client = visitor()
    const error = await rejection(client.send(userOf))
    expect(error).toMatchObject({ code: 'ERR_CARRIER', status: 503, headers: { 'retry-after': '1' } })
    expect(error).toMatchObject({ cause: { message: 'the old database is down' } })
    expect(error.message).not.toContain('row1')
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier old-cookie' }])
    expect((await client.send(userOf)).value).toBe('ada')
  })

  it('7 Fail closed: so is a translate that throws, and an error of a store of ours stays what it is', async () => {
    const fails = (error: unknown): Carrier => ({
      ...createOldLibrary().carrier,
      translate() {
        throw error
      },
    })
    for (const [error, code] of [
      [new TypeError('x'), 'ERR_CARRIER'],
      [new SessionError('ERR_STORE_TIMEOUT'), 'ERR_STORE_TIMEOUT'],
    ] as const) {
      const world = createWorld({ carriers: [...bothCarriers(createOldLibrary()).slice(0, 1), fails(error)] })
      const client = world.client()
      client.jar.set('x', `${OLD_NAME}=text`)
      expect(await rejection(client.send(userOf))).toMatchObject({ code })
    }
  })

  it.each(['create', 'read', 'write'] as const)(
    'a failure of our own %s, whichever it is, loses no session',
    async (operation) => {
      for (const when of ['before', 'after'] as const) {
        for (let nth = 1; nth <= 4; nth++) {
          const { world, visitor } = createMoving({}, { store: failingOnce(operation, when, nth) })
          const client = visitor()
          await client.send(userOf).catch(() => {})
          await client.send(userOf).catch(() => {})
          expect((await client.send(userOf)).value, `${when} ${nth}`).toBe('ada')
          // A create comes twice: that of the claim, and that of the session.
          if (operation === 'create' && nth <= 2) {
            expect(world.eventsOf('fault')).toMatchObject([{ operation: 'create', error: { code: 'ERR_STORE' } }])
          }
          expect(await world.sessions.list('ada')).toHaveLength(1)
        }
      }
    },
  )

  it('6 Two clocks: its own end counts, also if it is earlier than ours', async () => {
    const { world, visitor } = createMoving({ endsAt: Date.UTC(2030, 0, 1, 0, 10) })
    const client = visitor()
    const { value } = await client.send((session) => session.expiresAt.toISOString())
    expect(value).toBe('2030-01-01T00:10:00.000Z')
    world.clock.advance(10 * MINUTE)
    expect((await client.send((session) => session.refused)).value).toBe('expired')
  })

  it('6 Two clocks: a later end is a remember me, and its cookie lasts', async () => {
    const { world, visitor } = createMoving({ endsAt: Date.UTC(2030, 0, 8) })
    const client = visitor()
    const { setCookies } = await client.send(userOf)
    expect(setCookies[1]).toContain(`Max-Age=${(7 * DAY) / 1000}`)
    world.clock.advance(6 * DAY)
    expect((await client.send(userOf)).value).toBe('ada')
  })

  it.each<[string, Partial<OldSession>]>([
    ['began longer ago than a session may last', { createdAt: Date.UTC(2029, 11, 31) }],
    ['has ended', { endsAt: Date.UTC(2029, 11, 31) }],
    ['is no longer accepted by its own library', { until: Date.UTC(2029, 11, 31) }],
  ])('6 Two clocks: one that %s is refused, and nothing is written', async (_, row) => {
    const { world, visitor } = createMoving(row)
    expect((await visitor().send((session) => [session.userId, session.refused])).value).toEqual([null, 'expired'])
    expect(world.store.count('create')).toBe(0)
  })

  it('3 Strict: the new cookie counts before the old one, also if it is dead', async () => {
    const { world, old, visitor } = createMoving()
    const client = visitor()
    client.jar.set('__Host-session Path=/', '__Host-session=garbage')
    expect((await client.send((session) => [session.userId, session.refused])).value).toEqual([null, 'malformed'])
    expect(old.calls).toEqual([])
    expect(world.store.calls).toEqual([])
  })

  it('5 Fresh token: a login replaces what was adopted, and the old cookie stays dead', async () => {
    const { world, visitor } = createMoving()
    const client = visitor()
    await client.send((session) => session.login('ada'))
    expect((await client.send(userOf)).value).toBe('ada')
    expect(await world.sessions.list('ada')).toHaveLength(1)
    expect((await visitor().send((session) => session.refused)).value).toBe('ended')
  })

  it('4 Hashed at rest: neither the text nor its key is stored, or in an event', async () => {
    const { world, old, visitor } = createMoving()
    await visitor().send(userOf)
    const all = JSON.stringify([world.events, world.store.calls])
    expect(all).not.toContain(old.sign('row1').split('.')[1])
    expect(all).not.toContain('row1')
  })

  it.each<[string, Partial<OldSession>, string]>([
    ['an empty user id', { userId: '' }, 'ERR_OPTION'],
    ['data that is not JSON', { data: { when: new Date() } as never }, 'ERR_DATA_NOT_JSON'],
    ['a time that is none', { createdAt: Number.NaN }, 'ERR_OPTION'],
    ['no end', { until: undefined as never }, 'ERR_OPTION'],
    ['an end that is no date', { until: new Date('never') }, 'ERR_OPTION'],
    ['no data', { data: null as never }, 'ERR_CARRIER'],
  ])('a mistake of the carrier is an error: %s', async (_, row, code) => {
    const { world, visitor } = createMoving(row)
    expect(await rejection(visitor().send(userOf))).toMatchObject({ code })
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier old-cookie' }])
    expect(world.store.count('create')).toBe(0)
  })

  it('a library whose rows nothing deletes needs no `adopted`', async () => {
    const old = createOldLibrary()
    const load = (): OldSession => ({ userId: 'ada', data: {}, until: Date.UTC(2030, 1, 1) })
    const world = createWorld({
      carriers: bothCarriers({ ...old, carrier: { ...old.carrier, translate: (text) => adopt({ key: text, load }) } }),
    })
    const client = world.client()
    client.jar.set(`${OLD_NAME} Path=/`, `${OLD_NAME}=text`)
    expect((await client.send(userOf)).value).toBe('ada')
    expect((await client.send(userOf)).value).toBe('ada')
    expect(world.eventsOf('fault')).toEqual([])
  })

  it('a row that is null is an error of the carrier, and no user is logged out', async () => {
    const old = createOldLibrary()
    const nothing: Carrier = { ...old.carrier, translate: (text) => adopt({ key: text, load: () => null as never }) }
    const world = createWorld({ carriers: [cookieCarrier(), nothing] })
    const client = world.client()
    client.jar.set(`${OLD_NAME} Path=/`, `${OLD_NAME}=${old.sign('row1')}`)
    expect(await rejection(client.send(userOf))).toMatchObject({ code: 'ERR_CARRIER', status: 503 })
    expect(world.eventsOf('fault')).toMatchObject([{ operation: 'carrier old-cookie' }])
  })

  it('times may have fractions, as those of performance.now() and of some tokens do', async () => {
    const until = Date.UTC(2030, 0, 2) + 0.5
    const { visitor } = createMoving({ until, createdAt: until - 2 * DAY, endsAt: until })
    expect((await visitor().send(userOf)).value).toBe('ada')
  })
})

it('adopt refuses a key that identifies nothing', () => {
  expect(() => adopt({ key: '', load: () => 'unknown' })).toThrow(/key/)
})

it('a list of carriers that never send a token is refused', () => {
  expect(() => createWorld({ carriers: [createOldLibrary().carrier] })).toThrow(/sends tokens/)
})
