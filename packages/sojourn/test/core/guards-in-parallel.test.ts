import type { Guard, Ruling, SessionId, Sight } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { createWorld, edit, look, rejection, type TestData, toView } from './kit.ts'

type Judge = (sight: Sight) => Ruling | null

/** One client, logged in before the guard begins to judge. */
async function watched(judge: Judge, name = 'watcher') {
  let isOn = false
  const world = createWorld<TestData>({ guards: [{ name, opened: (sight) => (isOn ? judge(sight) : null) }] })
  const client = world.client()
  await client.send((session) => session.login('ada', { methods: ['pwd', 'otp'], assurance: 'aal2' }))
  isOn = true
  return { ...world, client, id: (await world.sessions.list('ada'))[0]?.id as SessionId }
}

describe('a guard that takes its time at a login', () => {
  async function slowLogin(guard: (wait: Promise<void>) => Guard['login']) {
    let go = (): void => {}
    const wait = new Promise<void>((resolve) => {
      go = resolve
    })
    const login = guard(wait)
    let isOn = false
    const world = createWorld<TestData>({
      guards: [{ name: 'slow', login: (sight) => (isOn ? (login?.(sight) ?? null) : null) }],
    })
    const [client, other] = [world.client(), world.client()]
    for (const each of [client, other]) await each.send((session) => session.login('ada'))
    isOn = true
    const { session, salvage } = await client.open()
    const failed = rejection(session.login('ada'))
    await new Promise((resolve) => setImmediate(resolve))
    client.receive(salvage())
    go()
    expect(await failed).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    return { client, other }
  }

  test('if an error page went out meanwhile, the user keeps the session they had', async () => {
    const { client } = await slowLogin((wait) => () => wait.then(() => null))
    expect((await client.send(look)).value.userId).toBe('ada')
  })

  test('and no other session ends for a login that did not happen', async () => {
    const { other } = await slowLogin((wait) => async (sight) => {
      await wait
      return { end: (await sight.list()).filter(({ current }) => !current).map(({ id }) => id) }
    })
    expect((await other.send(look)).value.userId).toBe('ada')
  })
})

describe('a challenge in a note', () => {
  test('opens nothing for a request whose session ended before it was used up', async () => {
    const { client, sessions, store } = await watched(({ view, note }) => {
      if (view.url === '/issue') return { note: 'challenge' }
      return note === null ? null : { note: null, answer: { status: 200, reason: 'good', message: 'Good.' } }
    })
    await client.send(() => {}, { url: '/issue' })
    const gate = store.hold('write')
    const late = client.open()
    await gate.reached
    expect((await client.open()).answer?.reason).toBe('good')
    await sessions.revokeAll('ada')
    gate.release()
    const { answer, session } = await late
    expect([answer, session.userId, session.refused]).toEqual([null, null, 'ended'])
  })

  test('that a parallel request used up is reported once, and only the answer that was sent is an event', async () => {
    const world = await watched(({ view, note }) => {
      if (view.url === '/issue') return { note: 'challenge' }
      const report = { finding: 'attempt', message: 'A challenge was tried.' }
      return note === null
        ? { report, answer: { status: 403, reason: 'used', message: 'Used.' } }
        : { report, note: null, answer: { status: 302, reason: 'good', message: 'Good.' } }
    })
    await world.client.send(() => {}, { url: '/issue' })
    await Promise.all(['/a', '/b'].map((url) => world.client.open({ url })))
    expect(world.eventsOf('denied').map(({ reason }) => reason)).toEqual(['good', 'used'])
    expect(world.eventsOf('finding').map(({ request }) => request?.path)).toEqual(['/a', '/b'])
  })

  test('that cannot be stored is no answer, but what the guard noticed is reported', async () => {
    const world = await watched(() => ({
      report: { finding: 'attempt', message: 'A challenge was tried.' },
      note: 'x',
      answer: { status: 403, reason: 'no', message: 'No.' },
    }))
    world.store.fail('write')
    expect(await rejection(world.client.open())).toMatchObject({ code: 'ERR_STORE' })
    expect(world.eventsOf('denied')).toEqual([])
    expect(world.eventsOf('finding')).toHaveLength(1)
  })

  test('of a guard that is named like a member of every object is read as stored', async () => {
    for (const name of ['constructor', '__proto__']) {
      const notes: (string | null)[] = []
      const { client } = await watched(({ note }) => {
        notes.push(note)
        return { note: 'seen' }
      }, name)
      for (let i = 0; i < 2; i++) await client.send(() => {})
      expect(notes).toEqual([null, 'seen'])
    }
  })
})

describe('reload', () => {
  test('reads data anew although a guard has a note to store', async () => {
    let count = 0
    const { client } = await watched(() => ({ note: String(count++) }))
    const { session, commit } = await client.open()
    await client.send(edit({ a: 2 }))
    await session.reload()
    expect(session.data.a).toBe(2)
    await commit()
  })

  test('does not make a note overwrite that of a parallel request', async () => {
    const seen: (string | null)[] = []
    const { client } = await watched(({ view, note }) => {
      seen.push(note)
      return view.url === '/' ? null : { note: view.url }
    })
    const late = await client.open({ url: '/late' })
    await client.send(() => {}, { url: '/early' })
    await late.session.reload()
    await late.commit()
    await client.send(() => {})
    expect(seen.at(-1)).toBe('/early')
  })

  test('keeps the note to store if no parallel request changed it', async () => {
    const seen: (string | null)[] = []
    const { client } = await watched(({ view, note }) => {
      seen.push(note)
      return view.url === '/' ? null : { note: view.url }
    })
    const late = await client.open({ url: '/late' })
    await client.send(edit({ a: 2 }))
    await late.session.reload()
    await late.commit()
    await client.send(() => {})
    expect(seen.at(-1)).toBe('/late')
  })
})

describe('a client that also presents a replaced token of another session', () => {
  test('ends both at a logout, also after a guard or a revocation ended the first', async () => {
    for (const how of ['guard', 'revoke']) {
      let isOn = false
      const world = createWorld<TestData>({
        guards: [{ name: 'watcher', opened: ({ id }) => (isOn && id !== null ? { end: 'odd' } : null) }],
      })
      const [ada, bob] = [world.client(), world.client()]
      await ada.send((session) => session.login('ada'))
      await bob.send((session) => session.login('bob'))
      const stale = bob.cookie()
      await bob.send((session) => session.rotate())
      isOn = how === 'guard'
      const { session } = await world.sessions.open(toView({ cookie: `${ada.cookie()}; ${stale}` }))
      if (how === 'revoke') await world.sessions.revokeAll('ada')
      await session.reload()
      expect(session.refused).toBe('ended')
      await session.logout()
      expect(await world.sessions.list('bob')).toEqual([])
    }
  })
})

describe('a new proof in a distrusted session', () => {
  test('does not make the rest of the distrusted one count again', async () => {
    const { client } = await watched(({ view }) => (view.url === '/odd' ? { distrust: true } : null))
    await client.send(() => {}, { url: '/odd' })
    for (const url of ['/', '/odd']) {
      const { value } = await client.send(
        async (session) => {
          await session.reauthenticated({ methods: ['pwd'] })
          return [session.methods, session.assurance]
        },
        { url },
      )
      expect(value).toEqual([['pwd'], null])
    }
  })
})
