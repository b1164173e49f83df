import type { Guard, LoginRuling, LoginSight, Ruling, Session, SessionId, SessionInfo, Sight } from 'sojourn'
import { describe, expect, test } from 'vitest'
import {
  createClient,
  createWorld,
  edit,
  HOUR,
  headerOf,
  look,
  MINUTE,
  type TestData,
  toView,
  type World,
} from './kit.ts'

type Judge = (sight: Sight) => Ruling | null | Promise<Ruling | null>

const LOCKED = { status: 423, reason: 'locked', message: 'Prove that it is you.' }

function worldOf(guards: readonly Guard[], options: { readonly sealed?: boolean } = {}) {
  const world = createWorld<TestData>({ guards, ...options })
  return { ...world, client: world.client() }
}

/** One client, logged in before the guard begins to judge. */
async function watched(judge: Judge, options: { readonly sealed?: boolean; readonly second?: Judge } = {}) {
  const { second, ...rest } = options
  let isOn = false
  const toGuard = (name: string, decide: Judge): Guard => ({ name, opened: (sight) => (isOn ? decide(sight) : null) })
  const world = worldOf([toGuard('watcher', judge), ...(second ? [toGuard('second', second)] : [])], rest)
  await world.client.send((session) => session.login('ada', { methods: ['pwd'], assurance: 'aal1' }))
  const id = (await world.sessions.list('ada'))[0]?.id as SessionId
  isOn = true
  return { ...world, id }
}

const nothing = (): void => {}
const proofOf = (session: Session<TestData>) => [session.authenticatedAt, session.methods, session.assurance]
const NO_PROOF = [null, [], null]

describe('what a guard sees', () => {
  test('facts about the session, but neither a token nor data', async () => {
    const seen: Sight[] = []
    const { client } = await watched((sight) => {
      seen.push(sight)
      return null
    })
    await client.send(edit({ secret: 'hunter2' }))
    await client.send(nothing)
    const [, sight] = seen
    if (sight === undefined) throw new Error('The guard was not asked.')
    expect(sight).toMatchObject({ userId: 'ada', refused: null, methods: ['pwd'], assurance: 'aal1', presents: true })
    expect([sight.note, sight.createdAt, sight.authenticatedAt, sight.now]).toEqual([
      null,
      expect.any(Date),
      expect.any(Date),
      expect.any(Date),
    ])
    const { view: _, ...facts } = sight
    const shown = JSON.stringify(facts)
    expect(shown).toContain('ada')
    for (const secret of ['hunter2', client.token()?.split('.').at(-1) ?? '']) expect(shown).not.toContain(secret)
  })

  test('a client without a session, and one whose token is refused', async () => {
    const seen: unknown[] = []
    const { sessions, client } = await watched(({ id, refused, presents, userId, createdAt }) => {
      seen.push([id, refused, presents, userId, createdAt])
      return null
    })
    await sessions.open(toView())
    await sessions.revokeAll('ada')
    await client.send(nothing)
    expect(seen).toEqual([
      [null, null, false, null, null],
      [null, 'ended', true, null, null],
    ])
  })
})

describe('what a guard decides about a session', () => {
  test('an answer replaces the handler, and its response carries the renewed token', async () => {
    const { client, clock, eventsOf } = await watched(({ view }) =>
      view.url === '/locked' ? { answer: LOCKED } : null,
    )
    clock.advance(25 * MINUTE)
    await client.send(nothing)
    clock.advance(25 * MINUTE)
    await client.send(nothing)
    clock.advance(15 * MINUTE)
    const exchange = await client.open({ url: '/locked' })
    expect(exchange.answer).toEqual(LOCKED)
    expect(headerOf(await exchange.commit(423), 'set-cookie')).toMatch(/^__Host-session=/)
    expect(eventsOf('denied').at(-1)).toMatchObject({
      guard: 'watcher',
      reason: 'locked',
      request: { path: '/locked' },
    })
  })

  test.each([
    ['a status that is no end of a response', { ...LOCKED, status: 101 }],
    ['a status that is none', { ...LOCKED, status: 600 }],
    ['no status', { ...LOCKED, status: Number.NaN }],
    ['a header that splits the response', { ...LOCKED, headers: { 'x-a': 'b\r\nevil: 1' } }],
  ])('an answer with %s is a failure of the guard', async (_, answer) => {
    const { client, eventsOf } = await watched(() => ({ answer }))
    await expect(client.open()).rejects.toMatchObject({ code: 'ERR_GUARD' })
    expect(eventsOf('denied')).toEqual([])
  })

  test('an ended session opens nothing any more, in this request either', async () => {
    const { client, sessions, eventsOf } = await watched(() => ({ end: 'stolen' }))
    const { value } = await client.send((session) => [session.userId, session.refused])
    expect(value).toEqual([null, 'ended'])
    expect(await sessions.list('ada')).toEqual([])
    expect(eventsOf('ended').at(-1)).toMatchObject({ reason: 'stolen', userId: 'ada' })
  })

  test('a later guard sees that an earlier one ended the session', async () => {
    const seen: unknown[] = []
    const { client } = await watched(() => ({ end: 'stolen' }), {
      second({ id, refused }) {
        seen.push([id, refused])
        return { distrust: true, note: 'x' }
      },
    })
    await client.send(nothing)
    expect(seen).toEqual([[null, 'ended']])
  })

  test('if the store cannot end it, the request fails', async () => {
    const { client, store } = await watched(() => ({ end: 'stolen' }))
    store.fail('end')
    await expect(client.open()).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  describe('a session that is withheld', () => {
    const withhold: Judge = ({ view }) => (view.url === '/odd' ? { withhold: true } : null)

    test('is not seen by the request, and opens in others', async () => {
      const { client, eventsOf, id } = await watched(withhold)
      await client.send(edit({ cart: 1 }))
      const { value } = await client.send(look, { url: '/odd' })
      expect(value).toEqual({ userId: null, refused: 'withheld', data: {} })
      expect(eventsOf('refused').at(-1)).toMatchObject({ id, reason: 'withheld' })
      expect((await client.send(look)).value).toEqual({ userId: 'ada', refused: null, data: { cart: 1 } })
    })

    test('is not renewed, touched or answered with a cookie', async () => {
      const { client, clock, record, id } = await watched(withhold)
      const before = await record(id)
      clock.advance(29 * MINUTE)
      expect((await client.send(nothing, { url: '/odd' })).setCookies).toEqual([])
      expect(await record(id)).toEqual(before)
    })

    test('cannot be changed by the request: no data, no other session of the user, no proof', async () => {
      const { client, sessions, id } = await watched(withhold)
      const other = createClient(sessions)
      await other.send((session) => session.login('ada'))
      await client.send(
        async (session) => {
          expect(await session.devices()).toEqual([])
          expect(await session.revokeOthers()).toBe(0)
          expect(await session.revokeDevice(id)).toBe(false)
          await expect(session.reauthenticated()).rejects.toMatchObject({ code: 'ERR_NOT_AUTHENTICATED' })
          await session.reload()
          expect(session.userId).toBeNull()
        },
        { url: '/odd' },
      )
      expect(await sessions.list('ada')).toHaveLength(2)
    })

    test.each([
      ['login', (session: Session<TestData>) => session.login('bob')],
      ['logout', (session: Session<TestData>) => session.logout()],
    ])('ends with a %s of the request, because the client holds its token', async (reason, verb) => {
      const { client, kept, id } = await watched(withhold)
      await client.send(verb, { url: '/odd' })
      expect(await kept(id)).toMatchObject({ kind: 'ended', reason })
    })

    test('leaves room for a new anonymous session, so that a login that needs one works', async () => {
      const { client } = await watched(withhold)
      await client.send(edit({ state: 'xyz' }), { url: '/odd' })
      expect((await client.send(look)).value).toEqual({ userId: null, refused: null, data: { state: 'xyz' } })
    })

    test('is not seen by later guards, and an answer of the ruling is sent', async () => {
      const seen: unknown[] = []
      const { client } = await watched(() => ({ withhold: true, answer: LOCKED, note: 'x' }), {
        second: ({ id, refused }) => {
          seen.push([id, refused])
          return null
        },
      })
      expect((await client.open()).answer).toEqual(LOCKED)
      expect(seen).toEqual([])
      const { client: other } = await watched(() => ({ withhold: true }), {
        second: ({ id, refused }) => {
          seen.push([id, refused])
          return null
        },
      })
      await other.send(nothing)
      expect(seen).toEqual([[null, 'withheld']])
    })
  })

  test('a successful answer of a protocol is no denial', async () => {
    const { client, eventsOf } = await watched(({ view }) => ({
      answer: { ...LOCKED, status: view.url === '/ok' ? 200 : 302 },
    }))
    await client.open({ url: '/ok' })
    expect(eventsOf('denied')).toEqual([])
    await client.open({ url: '/elsewhere' })
    expect(eventsOf('denied')).toHaveLength(1)
  })

  test('a finding is an event', async () => {
    const report = { finding: 'new-network', score: 0.4, message: 'Another network.' }
    const { client, eventsOf } = await watched(() => ({ report }))
    await client.send(nothing)
    expect(eventsOf('finding')).toEqual([expect.objectContaining({ guard: 'watcher', userId: 'ada', ...report })])
  })

  test('findings of two guards in one request are two events', async () => {
    const first = { finding: 'new-network', message: 'Another network.' }
    const { client, eventsOf } = await watched(() => ({ report: first }), { second: () => ({ report: first }) })
    await client.send(nothing)
    expect(eventsOf('finding').map(({ guard }) => guard)).toEqual(['watcher', 'second'])
    await client.send(nothing)
    expect(eventsOf('finding')).toHaveLength(4)
  })
})

describe('distrust', () => {
  const atOdd: Judge = ({ view }) => (view.url === '/odd' ? { distrust: true } : null)

  test('the proof of identity counts no more, in this request and later, until there is a new one', async () => {
    const { client, sessions } = await watched(atOdd)
    expect((await client.send(proofOf, { url: '/odd' })).value).toEqual(NO_PROOF)
    const { value } = await client.send((session) => [
      session.userId,
      session.authenticatedWithin('1h'),
      ...proofOf(session),
    ])
    expect(value).toEqual(['ada', false, ...NO_PROOF])
    expect((await sessions.list('ada'))[0]).toMatchObject({ authenticatedAt: null })
    // An export shows what is held about the user, and the proof still is.
    expect((await sessions.export('ada')).sessions[0]).toMatchObject({ methods: ['pwd'], assurance: 'aal1' })

    await client.send((session) => session.reauthenticated({ methods: ['hwk'] }))
    const after = await client.send((session) => [session.authenticatedWithin('1h'), session.methods])
    expect(after.value).toEqual([true, ['hwk']])
  })

  test('the user stays logged in for as long as without it', async () => {
    const { client, clock, sessions } = await watched(atOdd)
    clock.advance(20 * MINUTE)
    await client.send((session) => session.reauthenticated())
    const [before] = await sessions.list('ada')
    await client.send(nothing, { url: '/odd' })
    expect((await sessions.list('ada'))[0]?.expiresAt).toEqual(before?.expiresAt)
    expect(before?.expiresAt.getTime()).toBeLessThan(clock() + HOUR)
  })

  test('a proof given in the same request ends it', async () => {
    const { client } = await watched(atOdd)
    const within = async (session: Session<TestData>): Promise<boolean> => {
      await session.reauthenticated()
      return session.authenticatedWithin('1m')
    }
    expect((await client.send(within, { url: '/odd' })).value).toBe(true)
    expect((await client.send((session) => session.authenticatedWithin('1m'))).value).toBe(true)
  })

  test('a rotation does not end it', async () => {
    const { client } = await watched(atOdd)
    await client.send((session) => session.rotate(), { url: '/odd' })
    expect((await client.send(proofOf)).value).toEqual(NO_PROOF)
  })

  test('if it cannot be stored, the request fails', async () => {
    const { client, store } = await watched(atOdd)
    const exchange = await client.open({ url: '/odd' })
    store.fail('write')
    await expect(exchange.commit()).rejects.toMatchObject({ code: 'ERR_STORE' })
  })

  test('it survives that a parallel request renews the token', async () => {
    const { client, clock } = await watched(atOdd)
    clock.advance(25 * MINUTE)
    await client.send(nothing)
    clock.advance(25 * MINUTE)
    await client.send(nothing)
    clock.advance(15 * MINUTE)
    const odd = await client.open({ url: '/odd' })
    await client.send(nothing)
    await client.send(nothing)
    await odd.commit()
    expect((await client.send(proofOf)).value).toEqual(NO_PROOF)
  })

  test('an anonymous session has no proof to distrust', async () => {
    const { client } = worldOf([{ name: 'watcher', opened: () => ({ distrust: true }) }])
    await client.send(edit({ cart: [1] }))
    expect((await client.send((session) => [session.userId, session.data])).value).toEqual([null, { cart: [1] }])
  })
})

describe('notes', () => {
  const counts: Judge = ({ note }) => ({
    note: String(Number(note ?? 0) + 1),
    report: { finding: 'was', message: String(note) },
  })
  const notesOf = async ({ record, id }: Pick<World<TestData>, 'record'> & { readonly id: SessionId }) =>
    JSON.parse((await record(id)).data['~g'] ?? '{}')

  test.each([false, true])('a guard reads what it wrote, in the same write as the data; sealed: %s', async (sealed) => {
    const { client, eventsOf, store } = await watched(counts, { sealed })
    const before = store.count('write')
    await client.send(edit({ a: 1 }))
    expect(store.count('write') - before).toBe(1)
    expect((await client.send((session) => session.data)).value).toEqual({ a: 1 })
    await client.send(nothing)
    expect(eventsOf('finding').map(({ message }) => message)).toEqual(['null', '1', '2'])
  })

  test('they are not data, not exported, and not another guard’s', async () => {
    const seen: (string | null)[] = []
    const world = await watched(counts, {
      second({ note }) {
        seen.push(note)
        return null
      },
    })
    const { client, sessions } = world
    await client.send(edit({ a: 1 }))
    expect((await client.send((session) => Object.keys(session.data))).value).toEqual(['a'])
    expect((await sessions.export('ada')).sessions[0]?.data).toEqual({ a: 1 })
    expect(seen).toEqual([null, null])
    expect(await notesOf(world)).toEqual({ watcher: '2' })
  })

  test('a key of the application with the name of the notes is another one', async () => {
    const world = await watched(counts)
    await world.client.send(edit({ '~g': { watcher: '100' } }))
    await world.client.send((session) => void expect(session.data).toEqual({ '~g': { watcher: '100' } }))
    expect(await notesOf(world)).toEqual({ watcher: '2' })
  })

  test.each(['ada', 'eve'])('a login of %s does not take them over', async (userId) => {
    const { client, sessions, record } = await watched(counts)
    await client.send(nothing)
    await client.send((session) => session.login(userId))
    const [info] = await sessions.list(userId)
    expect((await record(info?.id as SessionId)).data).toEqual({})
  })

  test.each(['5', '"abc"', '[1]', 'null', '{', '{"watcher":5}', '{"watcher":{"a":1}}', '{"second":[2]}'])(
    'what other software left under their name is no note: %s',
    async (text) => {
      const seen: unknown[] = []
      const { client, store, record, id } = await watched(({ note }) => {
        seen.push(note)
        return { note: (note ?? 'first').toUpperCase() }
      })
      await store.write(id, { set: { '~g': text } })
      expect((await client.send(({ userId }) => userId)).value).toBe('ada')
      expect(seen).toEqual([null])
      expect(await notesOf({ record, id })).toEqual({ watcher: 'FIRST' })
    },
  )

  test('null removes a note, and a note that stays as it is costs no write', async () => {
    const next: Readonly<Record<string, string | null>> = { '/set': 'x', '/same': 'x', '/remove': null }
    const { client, store, record, id } = await watched(({ view }) => ({ note: next[view.url] ?? null }))
    await client.send(nothing, { url: '/set' })
    const writes = store.count('write')
    await client.send(nothing, { url: '/same' })
    expect(store.count('write')).toBe(writes)
    await client.send(nothing, { url: '/remove' })
    expect((await record(id)).data).toEqual({})
  })

  const firstUrl: Judge = ({ view, note }) => (note === null ? { note: view.url } : null)

  test('if two parallel requests change one note, the first change is kept, and nothing else is lost', async () => {
    const world = await watched(firstUrl, {
      second: ({ view }) => (view.url === '/two' ? { note: 'mine' } : null),
    })
    const [one, two] = [await world.client.open({ url: '/one' }), await world.client.open({ url: '/two' })]
    two.session.data.kept = true
    await one.commit()
    await two.commit()
    expect(await notesOf(world)).toEqual({ watcher: '/one', second: 'mine' })
    expect((await world.record(world.id)).data.kept).toBe('true')
  })

  test('an edit that the handler makes while the conflict is settled is neither lost nor stored unchecked', async () => {
    const world = await watched(firstUrl)
    const { client, store } = world
    const [one, two] = [await client.open({ url: '/one' }), await client.open({ url: '/two' })]
    two.session.data.early = 1
    await one.commit()
    const gate = store.hold('write')
    const committed = two.commit()
    await gate.reached
    two.session.data.late = 2
    gate.release()
    await committed
    expect((await world.record(world.id)).data).toMatchObject({ early: '1' })
    expect((await world.record(world.id)).data).not.toHaveProperty('late')
    await two.finish()
    expect((await world.record(world.id)).data).toMatchObject({ early: '1', late: '2' })
  })

  test('also when an update of the second has met the first already', async () => {
    const world = await watched(firstUrl)
    const [one, two] = [await world.client.open({ url: '/one' }), await world.client.open({ url: '/two' })]
    one.session.data.n = 5
    await two.session.update('n', async (n) => {
      await one.commit()
      return Number(n ?? 0) + 1
    })
    await two.commit()
    expect(await notesOf(world)).toEqual({ watcher: '/one' })
  })

  test('a challenge is used once: if a parallel request used it first, the guard judges again', async () => {
    const { client } = await watched(({ view, note }) => {
      if (view.url === '/issue') return { note: 'challenge' }
      return note === null
        ? { answer: { status: 403, reason: 'used', message: 'Used.' } }
        : { note: null, answer: { status: 200, reason: 'good', message: 'Good.' } }
    })
    await client.send(nothing, { url: '/issue' })
    const answers = await Promise.all(['/a', '/b'].map(async (url) => (await client.open({ url })).answer?.reason))
    expect(answers.sort()).toEqual(['good', 'used'])
  })

  test('a logout drops the note of its request, and begins no session for it', async () => {
    const { client, store } = await watched(counts)
    const created = store.count('create')
    await client.send((session) => session.logout())
    expect(store.count('create')).toBe(created)
  })

  test('without a stored session nothing is stored, and no session begins', async () => {
    const { sessions, store } = worldOf([{ name: 'watcher', opened: counts }])
    expect(await (await sessions.open(toView())).commit()).toEqual([])
    expect(store.count('create')).toBe(0)
  })
})

describe('a guard at a login', () => {
  const atLogin = (login: (sight: LoginSight) => LoginRuling | null | Promise<LoginRuling | null>) =>
    worldOf([{ name: 'limit', login }])
  const others = async (sight: LoginSight): Promise<readonly SessionInfo[]> =>
    (await sight.list()).filter(({ id, current }) => current === false && !sight.replaces.includes(id))

  test('a refused login leaves the user with the session they had, and no new one behind', async () => {
    const { client, sessions } = atLogin(({ userId }) => (userId === 'eve' ? { refuse: 'Not today.' } : null))
    await client.send((session) => session.login('ada'))
    await client.send(async (session) => {
      const refusal = { code: 'ERR_LOGIN_REFUSED', status: 403, message: expect.stringContaining('Not today.') }
      await expect(session.login('eve')).rejects.toMatchObject(refusal)
      expect(session.userId).toBe('ada')
    })
    expect(await sessions.list('eve')).toEqual([])
    expect((await client.send((session) => session.userId)).value).toBe('ada')
  })

  test('parallel logins see each other', async () => {
    const counts: number[] = []
    const { client, ...world } = atLogin(async (sight) => {
      counts.push((await sight.list()).length)
      return null
    })
    const clients = [client, createClient(world.sessions)]
    await Promise.all(clients.map((each) => each.send((session) => session.login('ada'))))
    expect(Math.max(...counts)).toBe(2)
  })

  test('the oldest session ends when one too many begins, but a login in place of another ends no third', async () => {
    const { client: first, ...world } = atLogin(async (sight) => {
      const oldest = [...(await others(sight))].sort((a, b) => Number(a.createdAt) - Number(b.createdAt))
      return { end: oldest.slice(0, Math.max(0, oldest.length - 1)).map(({ id }) => id) }
    })
    const [second, third] = [createClient(world.sessions), createClient(world.sessions)]
    for (const each of [first, second, third]) {
      world.clock.advance(1000)
      await each.send((session) => session.login('ada'))
    }
    expect((await first.send((session) => session.refused)).value).toBe('ended')
    expect(world.eventsOf('ended').at(-1)).toMatchObject({ reason: 'limit' })
    await third.send((session) => session.login('ada'))
    expect(await world.sessions.list('ada')).toHaveLength(2)
  })

  test('if a session cannot be ended, the login fails and leaves nothing behind', async () => {
    const { client, ...world } = atLogin(async (sight) => ({ end: (await others(sight)).map(({ id }) => id) }))
    await client.send((session) => session.login('ada'))
    await createClient(world.sessions).send(async (session) => {
      world.store.fail('end')
      await expect(session.login('ada')).rejects.toMatchObject({ code: 'ERR_STORE' })
    })
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })

  test('a login whose session the guard of a parallel login ended fails', async () => {
    const arrived: (() => void)[] = []
    const { client, ...world } = atLogin(async (sight) => {
      const end = (await others(sight)).map(({ id }) => id)
      // Both have seen each other before either ends anything.
      await new Promise<void>((go) => {
        arrived.push(go)
        if (arrived.length === 2) for (const each of arrived) each()
      })
      return { end: arrived.length === 2 ? end : [] }
    })
    const clients = [client, createClient(world.sessions)]
    const outcomes = await Promise.all(
      clients.map((each) =>
        each.send((session) =>
          session.login('ada').then(
            () => 'in',
            (error) => error.code,
          ),
        ),
      ),
    )
    const live = await Promise.all(clients.map(async (each) => (await each.send(({ userId }) => userId)).value))
    expect(outcomes.map(({ value }) => value === 'in')).toEqual(live.map((userId) => userId === 'ada'))
    expect(outcomes.map(({ value }) => value)).toContain('ERR_SESSION_ENDED')
  })

  test('its note is there from the next request on', async () => {
    const notes: (string | null)[] = []
    const { client } = worldOf([
      {
        name: 'limit',
        login: () => ({ note: 'born here' }),
        opened({ note }) {
          notes.push(note)
          return null
        },
      },
    ])
    await client.send((session) => session.login('ada'))
    await client.send(nothing)
    expect(notes).toEqual([null, 'born here'])
  })
})

describe('a guard when the response begins', () => {
  test('it adds headers, and hears what the request did', async () => {
    const did: string[] = []
    const { client } = worldOf([
      {
        name: 'leaver',
        leaving(_, what) {
          did.push(what)
          return [{ name: 'x-bound', value: what, how: 'replace' }]
        },
      },
    ])
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.rotate())
    await client.send((session) => session.reauthenticated())
    const { headers } = await client.send(nothing)
    await client.send((session) => session.logout())
    expect(did).toEqual(['login', 'rotate', 'rotate', 'nothing', 'logout'])
    expect(headerOf(headers, 'x-bound')).toBe('nothing')
  })

  test.each([
    ['x-city', 'Zürich €'],
    ['x-name', 'a\r\nset-cookie: b'],
    ['x name', 'a'],
  ])('a header that a server would refuse is left out: %s: %j', async (name, value) => {
    const { client, eventsOf } = worldOf([{ name: 'odd', leaving: () => [{ name, value, how: 'default' }] }])
    const { headers, setCookies } = await client.send((session) => session.login('ada'))
    expect(headerOf(headers, name)).toBeNull()
    expect(setCookies).toHaveLength(1)
    expect(eventsOf('fault')).toMatchObject([{ operation: 'guard odd', error: { code: 'ERR_GUARD' } }])
  })

  test('its cookie does not replace the token of a login', async () => {
    const leaving: Guard['leaving'] = () => [{ name: 'set-cookie', value: 'a=1', how: 'replace' }]
    const { client } = worldOf([{ name: 'odd', leaving }])
    const { setCookies } = await client.send((session) => session.login('ada'))
    expect(setCookies[0]).toBe('a=1')
    expect(setCookies[1]).toMatch(/^__Host-session=/)
  })

  test('if it throws, the response is sent without its headers, and a fault reports it', async () => {
    const { client, eventsOf } = worldOf([
      {
        name: 'leaver',
        leaving() {
          throw new Error('a bug')
        },
      },
    ])
    expect((await client.send((session) => session.login('ada'))).setCookies).toHaveLength(1)
    expect(eventsOf('fault').at(-1)).toMatchObject({ operation: 'guard leaver' })
  })
})

describe('a guard whose service is down', () => {
  const failing = (moment: 'check' | 'opened' | 'login', whenDown?: 'allow'): Guard => ({
    name: 'remote',
    ...(whenDown && { whenDown }),
    [moment]: async () => {
      throw new Error('ECONNREFUSED')
    },
  })

  test.each(['check', 'opened'] as const)('%s: by default the request fails', async (moment) => {
    const { sessions, eventsOf } = worldOf([failing(moment)])
    await expect(sessions.open(toView())).rejects.toMatchObject({ code: 'ERR_GUARD', status: 503 })
    expect(eventsOf('fault').at(-1)).toMatchObject({ operation: 'guard remote' })
  })

  test('login: by default nobody logs in, and no session is left behind', async () => {
    const { client, sessions } = worldOf([failing('login')])
    await client.send((session) => expect(session.login('ada')).rejects.toMatchObject({ code: 'ERR_GUARD' }))
    expect(await sessions.list('ada')).toEqual([])
  })

  test.each(['check', 'opened', 'login'] as const)('%s: with allow, the request continues', async (moment) => {
    const { client, eventsOf } = worldOf([failing(moment, 'allow')])
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    expect(eventsOf('fault')[0]).toMatchObject({ operation: 'guard remote' })
  })
})

describe('the list of guards', () => {
  const check = (): null => null

  test.each([
    [
      'two of one name',
      [
        { name: 'a', check },
        { name: 'a', check },
      ],
      /a name of its own/,
    ],
    ['no name', [{ check }], /a name of its own/],
    ['no moment that exists', [{ name: 'a', chekc: check }], /a has none of check, opened, login, leaving/],
  ])('%s is refused at the start', (_, guards, message) => {
    expect(() => createWorld({ guards: guards as never })).toThrow(message)
  })

  test('a guard may be an instance of a class, and may return nothing', async () => {
    class Counter {
      readonly name = 'counter'
      calls = 0
      check(): null {
        this.calls++
        return undefined as never
      }
      opened(): null {
        this.calls++
        return undefined as never
      }
    }
    const guard = new Counter()
    const { sessions } = worldOf([guard])
    expect((await sessions.open(toView())).answer).toBeNull()
    expect(guard.calls).toBe(2)
  })

  test('guards are asked in order, and one that waits holds back the next', async () => {
    const order: string[] = []
    const guard = (name: string, isLate: boolean): Guard => {
      const seen = (what: string): null | Promise<null> => {
        order.push(`${name} ${what}`)
        return isLate ? Promise.resolve(null) : null
      }
      return { name, check: () => seen('check'), opened: () => seen('opened') }
    }
    const { sessions } = worldOf([guard('a', true), guard('b', false), guard('c', true)])
    await sessions.open(toView())
    expect(order).toEqual(['a check', 'b check', 'c check', 'a opened', 'b opened', 'c opened'])
  })
})
