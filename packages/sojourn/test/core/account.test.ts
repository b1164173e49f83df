import type { Guard, SessionId } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { createClient, createWorld, look, MINUTE, rejection, type TestData } from './kit.ts'

/** Two browsers of Ada, one of Bob. All proved who they are moments ago. */
async function withBrowsers(options: Parameters<typeof createWorld<TestData>>[0] = {}) {
  const world = createWorld<TestData>(options)
  const [laptop, phone, bob] = [world.client(), world.client(), world.client()]
  const logIn = async (client: typeof laptop, userId: string): Promise<SessionId> => {
    const { value } = await client.send(async (session) => {
      await session.login(userId, { methods: ['pwd'], assurance: 'aal1' })
      return session.id
    })
    return value
  }
  const ids = { laptop: await logIn(laptop, 'ada'), phone: await logIn(phone, 'ada'), bob: await logIn(bob, 'bob') }
  world.events.length = 0
  return { ...world, world, laptop, phone, bob, ids }
}

type Browsers = Awaited<ReturnType<typeof withBrowsers>>
type Client = Browsers['laptop']

async function userOf(client: Client): Promise<string | null> {
  return (await client.send(look)).value.userId
}

async function refusedOf(client: Client): Promise<string | null> {
  return (await client.send(look)).value.refused
}

const proofOf = async (client: Client) =>
  (await client.send((session) => [session.userId, session.authenticatedWithin('1h'), session.methods])).value

const PROVED = ['ada', true, ['pwd']]
const UNPROVED = ['ada', false, []]

describe.each(['passwordChanged', 'factorChanged'] as const)('%s', (verb) => {
  const change = verb === 'passwordChanged' ? 'password-changed' : 'factor-changed'

  test('ends all sessions of the user, and nobody else’s', async () => {
    const { sessions, laptop, phone, bob, eventsOf, ids } = await withBrowsers()
    expect(await sessions[verb]('ada')).toBe(2)
    expect([await refusedOf(laptop), await refusedOf(phone), await userOf(bob)]).toEqual(['ended', 'ended', 'bob'])
    expect(eventsOf('ended').map(({ id, userId, reason }) => [id, userId, reason])).toEqual(
      expect.arrayContaining([
        [ids.laptop, 'ada', change],
        [ids.phone, 'ada', change],
      ]),
    )
    expect(eventsOf('account')).toMatchObject([{ userId: 'ada', change, kept: null, count: 2, request: null }])
  })

  test('keeps the session of the request, under a new token', async () => {
    const { sessions, laptop, phone, eventsOf, ids } = await withBrowsers()
    const before = laptop.token()
    const { value } = await laptop.send((session) => sessions[verb]('ada', { keep: session }), { url: '/password?x' })
    expect(value).toBe(1)
    expect(laptop.token()).not.toBe(before)
    expect([await proofOf(laptop), await refusedOf(phone)]).toEqual([PROVED, 'ended'])
    expect(eventsOf('account')).toMatchObject([{ kept: ids.laptop, count: 1, request: { path: '/password' } }])
  })

  test('a thief who copied the cookie of the kept session is out at once', async () => {
    const { sessions, laptop } = await withBrowsers()
    const thief = createClient(sessions)
    for (const [name, pair] of laptop.jar) thief.jar.set(name, pair)
    expect(await userOf(thief)).toBe('ada')
    await laptop.send((session) => sessions[verb]('ada', { keep: session }))
    expect([await refusedOf(thief), await userOf(thief)]).toEqual(['superseded', null])
    expect(await userOf(laptop)).toBe('ada')
  })

  test('without an await, the response waits, and carries the new token', async () => {
    const { sessions, laptop, phone } = await withBrowsers()
    const before = laptop.token()
    const { value } = await laptop.send((session) => ({ count: sessions[verb]('ada', { keep: session }) }))
    expect(laptop.token()).not.toBe(before)
    expect([await value.count, await proofOf(laptop), await refusedOf(phone)]).toEqual([1, PROVED, 'ended'])
  })

  test('called after the response, the error names the verb that the application called', async () => {
    const { sessions, laptop } = await withBrowsers()
    let late: Promise<unknown> = Promise.resolve()
    await laptop.send((session) => {
      late = new Promise((resolve) => setImmediate(resolve)).then(() => sessions[verb]('ada', { keep: session }))
      late.catch(() => {})
    })
    const error = await rejection(late)
    expect(error).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    expect(error.message).toContain(`Call ${verb} before writing to the response. An await may be missing.`)
  })

  test('with the id of a session, keeps it, and its next request gets a new token', async () => {
    const { sessions, laptop, phone, ids } = await withBrowsers()
    const before = laptop.token()
    expect(await sessions[verb]('ada', { keep: ids.laptop })).toBe(1)
    expect(await proofOf(laptop)).toEqual(PROVED)
    expect(laptop.token()).not.toBe(before)
    expect([await userOf(laptop), await refusedOf(phone)]).toEqual(['ada', 'ended'])
  })

  test('a session of another user cannot be kept, and is left alone', async () => {
    const { sessions, laptop, bob, ids } = await withBrowsers()
    const before = bob.token()
    await bob.send((session) => sessions[verb]('ada', { keep: session }))
    expect(await sessions[verb]('ada', { keep: ids.bob })).toBe(0)
    expect([await refusedOf(laptop), await userOf(bob), bob.token()]).toEqual(['ended', 'bob', before])
  })

  test('a request that was held open cannot save itself: the session that it keeps had ended, and the others end too', async () => {
    const { sessions, laptop, phone, ids } = await withBrowsers()
    const { session } = await laptop.open()
    await sessions.revoke(ids.laptop)
    expect(await rejection(sessions[verb]('ada', { keep: session }))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect([await userOf(laptop), await userOf(phone)]).toEqual([null, null])
  })

  test('a login afterwards is not affected, and a second call ends nothing', async () => {
    const { sessions, laptop, phone } = await withBrowsers()
    await laptop.send((session) => sessions[verb]('ada', { keep: session }))
    await laptop.send((session) => sessions[verb]('ada', { keep: session }))
    expect(await userOf(laptop)).toBe('ada')
    expect(await sessions[verb]('ada')).toBe(1)
    expect(await sessions[verb]('ada')).toBe(0)
    await phone.send((session) => session.login('ada'))
    expect(await userOf(phone)).toBe('ada')
  })
})

describe.each(['roleChanged', 'emailChanged'] as const)('%s', (verb) => {
  test('logs nobody out, but an old proof of identity does not count for the new state', async () => {
    const { sessions, laptop, phone, bob, eventsOf } = await withBrowsers()
    expect(await sessions[verb]('ada')).toBe(2)
    expect([await proofOf(laptop), await proofOf(phone)]).toEqual([UNPROVED, UNPROVED])
    expect((await proofOf(bob))[1]).toBe(true)
    expect(eventsOf('ended')).toEqual([])
    expect(eventsOf('account')).toMatchObject([{ userId: 'ada', kept: null, count: 2 }])
    await laptop.send((session) => session.reauthenticated({ methods: ['pwd'] }))
    expect(await proofOf(laptop)).toEqual(PROVED)
  })

  test('the next request gets a new token, and the old one stops after its grace', async () => {
    const { sessions, laptop, clock } = await withBrowsers()
    const stolen = laptop.cookie()
    await sessions[verb]('ada')
    await laptop.send(() => {})
    const renewed = laptop.token()
    expect(`__Host-session=${renewed}`).not.toBe(stolen)
    await laptop.send(() => {})
    await laptop.send(() => {})
    expect(laptop.token()).toBe(renewed)
    clock.advance(3 * MINUTE)
    const { value } = await laptop.send(look, { cookie: stolen })
    expect(value).toMatchObject({ userId: null, refused: 'reused' })
    expect(await userOf(laptop)).toBe('ada')
  })

  test('requests that the client sends at the same moment all get the same new token', async () => {
    const { sessions, laptop } = await withBrowsers()
    await sessions[verb]('ada')
    const cookie = laptop.cookie()
    const replies = await Promise.all([1, 2, 3].map(() => laptop.send(look, { cookie })))
    expect(replies.map(({ value }) => value.userId)).toEqual(['ada', 'ada', 'ada'])
    expect(new Set(replies.flatMap(({ setCookies }) => setCookies)).size).toBe(1)
  })

  test('also a token that a renewal was about to replace is renewed once more', async () => {
    const { sessions, laptop, clock } = await withBrowsers({ timeouts: { renew: '5m', grace: '1m' } })
    clock.advance(6 * MINUTE)
    await laptop.send(() => {})
    const before = laptop.token()
    await sessions[verb]('ada')
    await laptop.send(() => {})
    await laptop.send(() => {})
    expect(laptop.token()).not.toBe(before)
    expect(await userOf(laptop)).toBe('ada')
  })

  test('keeps the proof of the session in which the change was made, under a new token', async () => {
    const { sessions, laptop, phone } = await withBrowsers()
    const before = laptop.token()
    expect((await laptop.send((session) => sessions[verb]('ada', { keep: session }))).value).toBe(1)
    expect([await proofOf(laptop), await proofOf(phone)]).toEqual([PROVED, UNPROVED])
    expect(laptop.token()).not.toBe(before)
  })

  test('a request in flight neither restores the proof nor loses its data', async () => {
    const { sessions, laptop, clock } = await withBrowsers()
    clock.advance(2 * MINUTE)
    const exchange = await laptop.open()
    exchange.session.data.cart = 'tea'
    await sessions[verb]('ada')
    laptop.receive(await exchange.commit())
    expect(await proofOf(laptop)).toEqual(UNPROVED)
    expect((await laptop.send(look)).value.data).toEqual({ cart: 'tea' })
  })

  test('sealed data stays readable', async () => {
    const { sessions, laptop } = await withBrowsers({ sealed: true })
    await laptop.send((session) => {
      session.data.cart = 'tea'
    })
    await sessions[verb]('ada')
    for (let i = 0; i < 3; i++) expect((await laptop.send(look)).value.data).toEqual({ cart: 'tea' })
  })
})

describe.each(['accountDisabled', 'accountDeleted'] as const)('%s', (verb) => {
  test('ends every session of the user, and nothing names the user any more', async () => {
    const { sessions, laptop, bob, eventsOf, kept, ids } = await withBrowsers()
    expect(await sessions[verb]('ada')).toBe(2)
    expect([await refusedOf(laptop), await userOf(bob)]).toEqual(['ended', 'bob'])
    const change = verb === 'accountDisabled' ? 'account-disabled' : 'account-deleted'
    expect(eventsOf('account')).toMatchObject([{ userId: 'ada', change, count: 2 }])
    expect(JSON.stringify(await kept(ids.laptop))).not.toContain('ada')
    expect((await sessions.export('ada')).sessions).toEqual([])
    expect(await sessions[verb]('ada')).toBe(0)
  })

  test('a login in flight at that moment is refused by a guard that asks the application', async () => {
    const state = { enabled: true }
    const active: Guard = {
      name: 'active',
      login: () => (state.enabled ? null : { refuse: 'This account is disabled.' }),
    }
    const { sessions, store, phone, clock } = await withBrowsers({ guards: [active] })
    const { create } = store
    store.create = async (record) => {
      state.enabled = false
      await sessions[verb]('ada')
      return create(record)
    }
    const error = await rejection(phone.send((session) => session.login('ada')))
    expect(error).toMatchObject({ code: 'ERR_LOGIN_REFUSED' })
    store.create = create
    clock.advance(MINUTE)
    expect(await sessions.list('ada')).toEqual([])
  })
})

test('a login with the old password in flight ends if the application compares after it', async () => {
  const { sessions, store, client } = await withBrowsers()
  const thief = client()
  const user = { passwordVersion: 1 }
  const { create } = store
  store.create = async (record) => {
    user.passwordVersion++
    await sessions.passwordChanged('ada')
    return create(record)
  }
  await thief.send(async (session) => {
    const { passwordVersion } = user
    await session.login('ada')
    if (user.passwordVersion !== passwordVersion) await session.logout()
  })
  store.create = create
  expect([await userOf(thief), await sessions.list('ada')]).toEqual([null, []])
})

const VERBS = [
  'passwordChanged',
  'factorChanged',
  'emailChanged',
  'roleChanged',
  'accountDisabled',
  'accountDeleted',
] as const

describe.each(VERBS)('%s: what every change of an account keeps to', (verb) => {
  const isEnd = verb !== 'emailChanged' && verb !== 'roleChanged'

  test('takes nothing but a user id and known options', async () => {
    const { sessions, laptop } = await withBrowsers()
    for (const userId of ['', 7, undefined]) {
      expect(await rejection(sessions[verb](userId as string))).toMatchObject({ code: 'ERR_OPTION' })
    }
    if (verb === 'accountDisabled' || verb === 'accountDeleted') return
    for (const options of [{ except: 'x' }, { keep: {} }, { keep: 7 }]) {
      expect(await rejection(sessions[verb]('ada', options as object))).toMatchObject({ code: 'ERR_OPTION' })
    }
    expect(await proofOf(laptop)).toEqual(PROVED)
  })

  test('reads one list, and changes each session of the user once', async () => {
    const { sessions, store } = await withBrowsers()
    store.calls.length = 0
    await sessions[verb]('ada')
    expect(store.calls.map(({ operation }) => operation)).toEqual(['list', ...Array(2).fill(isEnd ? 'end' : 'write')])
  })

  test('a failure says how many are left, emits no success, and a second call does the rest', async () => {
    const { sessions, store, laptop, phone, eventsOf } = await withBrowsers()
    const { end, write } = store
    let calls = 0
    const failing = <T extends (...args: never[]) => unknown>(work: T): T =>
      ((...args: never[]) => {
        if (calls++ === 0) throw new Error('connection reset')
        return work(...args)
      }) as T
    Object.assign(store, isEnd ? { end: failing(end) } : { write: failing(write) })
    const error = await rejection(sessions[verb]('ada'))
    expect(error).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('1 of 2 sessions') })
    expect(eventsOf('account')).toEqual([])
    Object.assign(store, { end, write })
    await sessions[verb]('ada')
    const seen = [await proofOf(laptop), await proofOf(phone)]
    expect(seen).toEqual(Array(2).fill(isEnd ? [null, false, []] : UNPROVED))
  })

  test('a damaged record of the user does not survive', async () => {
    const { sessions, store, ids, kept } = await withBrowsers()
    const { list } = store
    store.list = async (userId) => {
      const records = await list(userId)
      return records.map((record) => (record.id === ids.phone ? { kind: 'damaged', id: record.id } : record))
    }
    await sessions[verb]('ada')
    expect(await kept(ids.phone)).toMatchObject({ kind: 'ended' })
  })
})
