import { type Carrier, cookieCarrier, type Guard, type Session, SessionError, type SessionId } from 'sojourn'
import { type Vouching, vouch } from 'sojourn/carriers/kit'
import { describe, expect, it } from 'vitest'
import {
  createWorld,
  HOUR,
  MINUTE,
  rejection,
  setCookiesOf,
  type TestData,
  toView,
  type World,
  type WorldOptions,
} from './kit.ts'

/** A signed token would say this. The signature is left out. */
function accessCarrier(reads?: 'record' | 'nothing'): Carrier {
  return {
    name: 'access',
    ambient: false,
    readOnly: true,
    vary: 'Authorization',
    read: (view) => ({ values: [view.header('authorization')].filter((text) => text !== null), overflow: false }),
    translate(text) {
      if (!text.startsWith('jwt ')) return null
      try {
        const claims = JSON.parse(text.slice(4)) as Vouching | null
        return claims === null ? 'malformed' : vouch({ ...claims, reads })
      } catch (error) {
        if (error instanceof SessionError) throw error
        return 'malformed'
      }
    },
    write: () => [],
    clear: () => [],
  }
}

interface Api {
  readonly world: World<TestData>
  readonly id: SessionId
  /** One request with an access token of ada's session. */
  call<T>(
    handler: (session: Session<TestData>) => T | Promise<T>,
    says?: Partial<Vouching>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T>
  setCookies: string[]
  browser: ReturnType<World<TestData>['client']>
}

async function createApi(reads?: 'record' | 'nothing', options: WorldOptions<TestData> = {}): Promise<Api> {
  const world = createWorld<TestData>({ carriers: [accessCarrier(reads), cookieCarrier()], ...options })
  const browser = world.client()
  await browser.send(async (session) => {
    session.data.cart = ['tea']
    await session.login('ada', { methods: ['pwd'] })
  })
  const { value: id } = await browser.send((session) => session.id)
  const setCookies: string[] = []
  world.store.calls.length = 0
  return {
    world,
    id,
    browser,
    setCookies,
    async call(handler, says = {}, headers = {}) {
      const text = `jwt ${JSON.stringify({ id, userId: 'ada', expiresAt: world.clock() + 5 * MINUTE, ...says })}`
      const exchange = await world.sessions.open(toView({ headers: { ...headers, authorization: text } }))
      const value = await handler(exchange.session)
      setCookies.push(...setCookiesOf(await exchange.commit()))
      await exchange.finish()
      return value
    },
  }
}

describe('a token that vouches for a session and reads its record', () => {
  it('opens it with one read, and its data can be read and written', async () => {
    const { world, id, call, browser, setCookies } = await createApi()
    expect(await call(({ id, userId, isNew, data, methods }) => [id, userId, isNew, data.cart, methods])).toEqual([
      id,
      'ada',
      false,
      ['tea'],
      ['pwd'],
    ])
    expect(world.store.calls.map(({ operation }) => operation)).toEqual(['read'])
    await call((session) => {
      session.data.theme = 'dark'
    })
    await call((session) => session.update('count', (n) => ((n as number | undefined) ?? 0) + 1))
    await call(async (session) => {
      session.data.saved = true
      await session.save()
      await session.reload()
      expect(session.data.count).toBe(1)
      session.flash.set('note', 'hello')
    })
    const { value } = await browser.send((session) => [{ ...session.data }, session.flash.take('note')])
    expect(value).toEqual([{ cart: ['tea'], theme: 'dark', count: 1, saved: true }, 'hello'])
    expect(setCookies).toEqual([])
  })

  it('keeps the session in use, and renews nothing', async () => {
    const { world, call, browser, setCookies } = await createApi()
    const token = browser.token()
    for (let i = 0; i < 5; i++) {
      world.clock.advance(20 * MINUTE)
      expect(await call(({ userId }) => userId)).toBe('ada')
    }
    expect(setCookies).toEqual([])
    expect(browser.token()).toBe(token)
    expect((await browser.send(({ userId }) => userId)).value).toBe('ada')
    expect(world.eventsOf('reuse')).toEqual([])
  })

  it('1 Ended is ended: opens nothing after a logout, a revocation, a login, or the limits', async () => {
    const ends: ((api: Api) => unknown)[] = [
      ({ browser }) => browser.send((session) => session.logout()),
      ({ world, id }) => world.sessions.revoke(id),
      ({ browser }) => browser.send((session) => session.login('ada')),
    ]
    for (const end of ends) {
      const api = await createApi()
      await end(api)
      expect(await api.call((session) => [session.userId, session.refused])).toEqual([null, 'ended'])
    }
    const { world, call } = await createApi()
    world.clock.advance(31 * MINUTE)
    expect(await call((session) => [session.userId, session.refused])).toEqual([null, 'expired'])
  })

  it('1 Ended is ended: a request that runs while the session ends writes nothing', async () => {
    const { world, id, call } = await createApi()
    await call(async (session) => {
      await world.sessions.revoke(id)
      expect(await rejection(session.update('x', () => 1))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
      await session.reload()
      expect([session.userId, session.refused]).toEqual([null, 'ended'])
    })
  })

  it.each<[string, Partial<Vouching>, string]>([
    ['has expired', { expiresAt: 0 }, 'expired'],
    ['has a time that is none', { expiresAt: Number.NaN }, 'expired'],
    ['names another user', { userId: 'eve' }, 'unknown'],
    ['names a session that does not exist', { id: 'A'.repeat(22) }, 'unknown'],
  ])('3 Strict: one that %s opens nothing', async (_, says, refused) => {
    const { call } = await createApi()
    expect(await call((session) => [session.userId, session.refused], says)).toEqual([null, refused])
  })

  it.each(['nothing of the kind', 'jwt', 'jwt {', 'jwt null', 'x'.repeat(100_000)])(
    '9 Hostile input: a text that is no token is refused without a read: %#',
    async (text) => {
      const { world } = await createApi()
      const { session } = await world.sessions.open(toView({ headers: { authorization: text } }))
      expect([session.userId, session.refused]).toEqual([null, 'malformed'])
      expect(world.store.calls).toEqual([])
    },
  )

  it('5 Fresh token: verbs that would hand out a token say that the request has none', async () => {
    const { call, browser } = await createApi()
    await call(async (session) => {
      for (const verb of [
        () => session.login('ada'),
        () => session.login('eve'),
        () => session.rotate(),
        () => session.reauthenticated(),
      ]) {
        expect(await rejection(verb())).toMatchObject({ code: 'ERR_VOUCHED', status: 500 })
      }
    })
    expect((await browser.send(({ userId }) => userId)).value).toBe('ada')
  })

  it('logs out, lists and ends the sessions of the user', async () => {
    const { world, call, browser } = await createApi()
    const other = world.client()
    await other.send((session) => session.login('ada'))
    const devices = await call((session) => session.devices())
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true])
    world.clock.advance(2 * MINUTE)
    expect(await call((session) => session.revokeOthers())).toBe(1)
    expect((await other.send(({ userId }) => userId)).value).toBeNull()
    await call((session) => session.logout())
    expect((await browser.send((session) => session.refused)).value).toBe('ended')
  })

  it('a request that lasts may still end the others, and sees a rotation as no reason to stop', async () => {
    const { world, call, browser } = await createApi()
    const other = world.client()
    await other.send((session) => session.login('ada'))
    await call(async (session) => {
      await browser.send((own) => own.rotate())
      world.clock.advance(5000)
      expect(await session.revokeOthers()).toBe(1)
      session.data.late = true
    })
    expect((await browser.send(({ data }) => data.late)).value).toBe(true)
  })

  it('a refused one leaves an anonymous request, whose login goes to the carrier that sends tokens', async () => {
    const { call, setCookies } = await createApi()
    await call((session) => session.login('eve'), { expiresAt: 0 })
    expect(setCookies).toHaveLength(1)
    expect(setCookies[0]).toMatch(/^__Host-session=/)
  })

  it('a refused one beside a live cookie does not replace the cookie with a session of nobody', async () => {
    const { world, browser } = await createApi()
    const authorization = `jwt ${JSON.stringify({ id: 'A'.repeat(22), userId: 'ada', expiresAt: 0 })}`
    const request = { headers: { authorization } }
    const { setCookies } = await browser.send((session) => {
      session.data.cart = ['milk']
    }, request)
    expect(setCookies).toEqual([])
    for (const store of [
      (session: Session<TestData>) => session.update('count', () => 1),
      async (session: Session<TestData>) => {
        session.data.cart = ['milk']
        await session.save()
      },
    ]) {
      const { session } = await browser.open(request)
      expect(await rejection(store(session))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    }
    expect(world.store.count('create')).toBe(0)
    expect((await browser.send(({ userId, data }) => [userId, data.cart])).value).toEqual(['ada', ['tea']])
    await browser.send((session) => session.login('bob'), request)
    expect((await browser.send(({ userId }) => userId)).value).toBe('bob')
  })

  it('sealed data stays closed, and the rest works', async () => {
    const { call, browser } = await createApi('record', { sealed: true })
    await call(async (session) => {
      expect(session.userId).toBe('ada')
      for (const use of [
        () => session.data.cart,
        () => {
          session.data = {}
        },
        () => session.update('x', () => 1),
        () => session.flash.take('x'),
      ]) {
        expect(await rejection(async () => use())).toMatchObject({ code: 'ERR_VOUCHED' })
      }
      expect(await session.devices()).toHaveLength(1)
      await session.reload()
      expect(session.userId).toBe('ada')
    })
    expect((await browser.send(({ data }) => data.cart)).value).toEqual(['tea'])
    await call((session) => session.logout())
    expect((await browser.send(({ userId }) => userId)).value).toBeNull()
  })

  it('a mistake of the carrier is an error', async () => {
    const { call } = await createApi()
    expect(await rejection(call(() => {}, { id: 'no id' }))).toMatchObject({ code: 'ERR_OPTION' })
    expect(await rejection(call(() => {}, { userId: '' }))).toMatchObject({ code: 'ERR_OPTION' })
  })

  it('6 Two clocks: a record in a cache, older than the last request on another server, refuses nothing', async () => {
    const { world, id, browser } = await createApi()
    const cached = await world.record(id)
    world.clock.advance(29 * MINUTE)
    await browser.send((session) => session.userId)
    world.clock.advance(2 * MINUTE)
    const { store } = world
    const node = world.node({ store: { ...store, read: () => cached, readNow: (id) => store.read(id) } })
    const authorization = `jwt ${JSON.stringify({ id, userId: 'ada', expiresAt: world.clock() + MINUTE })}`
    const { session } = await node.open(toView({ headers: { authorization } }))
    expect([session.userId, session.refused]).toEqual(['ada', null])
  })

  it('7 Fail closed: a store that is down is a 503', async () => {
    const { world, call } = await createApi()
    world.store.fail('read')
    expect(await rejection(call(() => {}))).toMatchObject({ code: 'ERR_STORE', status: 503 })
  })
})

/** Binds a session to the network from which it was first seen. */
const oneNetwork: Guard = {
  name: 'one-network',
  opened({ view, note }) {
    const network = view.header('x-net')
    if (network === null || network === note) return null
    return note === null ? { note: network } : { distrust: true }
  },
}

describe('a vouched session and a guard that keeps a note', () => {
  it('the note of the record counts, although the guard judged first without it', async () => {
    const { world, id, call, browser } = await createApi('nothing', { guards: [oneNetwork] })
    await browser.send((session) => session.userId, { headers: { 'x-net': 'home' } })
    expect((await world.record(id)).data['~g']).toBe('{"one-network":"home"}')
    expect(await call(({ authenticatedAt }) => authenticatedAt, {}, { 'x-net': 'away' })).toBeNull()
    expect((await world.record(id)).data['~g']).toBe('{"one-network":"home"}')
    const { distrustedAt } = (await world.record(id)).head
    expect(distrustedAt).toBe(world.clock())
  })

  it('reports what the guard says after it has seen the note, and nothing else', async () => {
    const guard: Guard = {
      name: 'reporter',
      opened: ({ note }) =>
        note === null ? { note: 'x', report: { finding: 'first', message: 'Never seen.' } } : null,
    }
    const { world, call, browser } = await createApi('nothing', { guards: [guard] })
    await browser.send((session) => session.userId)
    expect(world.eventsOf('finding')).toHaveLength(2)
    await call((session) => session.userId)
    expect(world.eventsOf('finding')).toHaveLength(2)
  })

  it('7 Fail closed: in a sealed session the guard has failed, and its whenDown decides', async () => {
    const denied = await createApi('record', { sealed: true, guards: [oneNetwork] })
    expect(await rejection(denied.call(() => {}, {}, { 'x-net': 'home' }))).toMatchObject({
      code: 'ERR_GUARD',
      status: 503,
    })
    expect(denied.world.eventsOf('fault')).toMatchObject([{ operation: 'guard one-network' }])
    const allowed = await createApi('record', { sealed: true, guards: [{ ...oneNetwork, whenDown: 'allow' }] })
    expect(await allowed.call(({ userId }) => userId, {}, { 'x-net': 'home' })).toBe('ada')
    expect(allowed.world.eventsOf('fault')).toMatchObject([{ operation: 'guard one-network' }])
  })
})

describe('a token that vouches for a session and reads nothing', () => {
  const CLAIMS = {
    issuedAt: Date.UTC(2029, 11, 31, 23),
    authenticatedAt: Date.UTC(2029, 11, 31, 22),
    methods: ['hwk'],
    assurance: 'aal2',
  }

  it('opens it without a read, with what the token says', async () => {
    const { world, id, call, setCookies } = await createApi('nothing')
    const says = await call(
      (session) => ({
        id: session.id,
        userId: session.userId,
        isNew: session.isNew,
        methods: session.methods,
        assurance: session.assurance,
        at: session.authenticatedAt?.getTime(),
        expiresAt: session.expiresAt.getTime(),
        createdAt: session.createdAt.getTime(),
        lately: [session.authenticatedWithin('3h'), session.authenticatedWithin('1h')],
      }),
      CLAIMS,
    )
    expect(says).toEqual({
      id,
      userId: 'ada',
      isNew: false,
      methods: ['hwk'],
      assurance: 'aal2',
      at: CLAIMS.authenticatedAt,
      expiresAt: world.clock() + 5 * MINUTE,
      createdAt: CLAIMS.issuedAt,
      lately: [true, false],
    })
    expect(world.store.calls).toEqual([])
    expect(setCookies).toEqual([])
  })

  it('its data is not there until it is read, and then all of it is', async () => {
    const { world, call } = await createApi('nothing', {
      data: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as TestData }) } },
    })
    await call(async (session) => {
      for (const use of [() => session.data.cart, () => session.flash.take('x'), () => session.flash.set('x', 1)]) {
        expect(await rejection(async () => use())).toMatchObject({
          code: 'ERR_VOUCHED',
          message: expect.stringContaining('session.reload()'),
        })
      }
      expect(world.store.calls).toEqual([])
      await session.reload()
      expect(session.data.cart).toEqual(['tea'])
      expect(session.methods).toEqual(['pwd'])
      session.data.theme = 'dark'
      session.flash.set('x', 1)
    }, CLAIMS)
    expect(await call(async (session) => session.reload().then(() => session.data.theme))).toBe('dark')
  })

  it('1 Ended is ended: verbs read the record first, and reload sees the end', async () => {
    const { world, id, call } = await createApi('nothing')
    await world.sessions.revoke(id)
    await call(async (session) => {
      expect(session.userId).toBe('ada')
      expect(await rejection(session.revokeOthers())).toMatchObject({ code: 'ERR_SESSION_ENDED' })
      await session.reload()
      expect([session.userId, session.refused]).toEqual([null, 'ended'])
    })
    await call(async (session) => {
      expect(await rejection(session.update('x', () => 1))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    })
    expect(world.store.count('write')).toBe(0)
  })

  it('update and logout work on what is stored', async () => {
    const { world, id, call, browser } = await createApi('nothing')
    expect(await call((session) => session.update('cart', (cart) => [...(cart as string[]), 'cup']))).toEqual([
      'tea',
      'cup',
    ])
    expect((await browser.send(({ data }) => data.cart)).value).toEqual(['tea', 'cup'])
    const { expiresAt } = await world.record(id)
    await call((session) => session.logout())
    expect(await world.kept(id)).toMatchObject({ kind: 'ended', reason: 'logout', expiresAt })
    expect((await browser.send(({ userId }) => userId)).value).toBeNull()
  })

  it('a guard sees it, and what the guard rules is written to the record that is stored', async () => {
    const rulings: ReturnType<NonNullable<Guard['opened']>>[] = [
      { note: 'seen' },
      { distrust: true },
      { end: 'stolen' },
    ]
    for (const ruling of rulings) {
      let rules = false
      const guard: Guard = { name: 'watch', opened: () => (rules ? ruling : null) }
      const { world, id, call, browser } = await createApi('nothing', { guards: [guard] })
      const before = await world.record(id)
      rules = true
      await call((session) => session.userId)
      rules = false
      const kept = await world.kept(id)
      if (ruling !== null && 'end' in ruling) {
        expect(kept).toMatchObject({ kind: 'ended', reason: 'stolen' })
      } else {
        expect(kept).toMatchObject({ head: { secret: before.head.secret } })
        expect((await browser.send(({ userId }) => userId)).value).toBe('ada')
      }
    }
  })

  it('a guard that only reports, or answers, costs no read', async () => {
    const report = { finding: 'seen', message: 'A request.' }
    for (const ruling of [{ report }, { answer: { status: 401, reason: 'x', message: 'No.' } }]) {
      let rules = false
      const guard: Guard = { name: 'watch', opened: () => (rules ? ruling : null) }
      const { world, call } = await createApi('nothing', { guards: [guard] })
      rules = true
      await call((session) => session.userId)
      expect(world.store.calls).toEqual([])
    }
  })

  it('a check of the token that takes long, shortly before its end, does not shorten the session', async () => {
    const { world, id, browser } = await createApi('nothing')
    const { expiresAt, lastSeenAt } = await world.record(id)
    const carrier = accessCarrier('nothing')
    const node = world.node({
      carriers: [
        {
          ...carrier,
          translate(text, view) {
            world.clock.advance(3000)
            return carrier.translate?.(text, view) ?? null
          },
        },
        cookieCarrier(),
      ],
    })
    const authorization = `jwt ${JSON.stringify({ id, userId: 'ada', expiresAt: world.clock() + 8000 })}`
    const { session, commit } = await node.open(toView({ headers: { authorization } }))
    expect(session.userId).toBe('ada')
    await commit()
    expect(await world.record(id)).toMatchObject({ expiresAt, lastSeenAt })
    world.clock.advance(MINUTE)
    expect((await browser.send(({ userId }) => userId)).value).toBe('ada')
  })

  it('5 Fresh token: no verb writes what the token says over the record', async () => {
    const { world, id, call } = await createApi('nothing')
    const { head } = await world.record(id)
    await call(async (session) => {
      world.clock.advance((2 * HOUR) / 100)
      for (const verb of [session.rotate(), session.reauthenticated(), session.login('ada')]) {
        expect(await rejection(verb)).toMatchObject({ code: 'ERR_VOUCHED' })
      }
      await session.save()
    })
    expect((await world.record(id)).head).toEqual(head)
  })
})
