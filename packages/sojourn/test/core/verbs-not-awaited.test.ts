import type { Session } from 'sojourn'
import { describe, expect, it } from 'vitest'
import { createWorld, edit, rejection, type TestData, type World } from './kit.ts'

type Verb = 'login' | 'logout' | 'rotate' | 'reauthenticated'

/** Lets all pending microtasks and immediates run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

async function visitor(world: World<TestData>, data: TestData = { cart: ['lamp'] }) {
  const client = world.client()
  await client.send(edit(data))
  return { client, exchange: await client.open() }
}

describe('1 a logout while a login of the same request runs', () => {
  for (const [operation, when] of [
    ['create', 'before'],
    ['create', 'after'],
    ['end', 'before'],
    ['end', 'after'],
  ] as const) {
    it(`logs out, also when the login is held ${when} ${operation}`, async () => {
      const world = createWorld()
      const { client, exchange } = await visitor(world)
      const gate = world.store.hold(operation, when)
      const login = exchange.session.login('ada')
      await gate.reached
      const logout = exchange.session.logout()
      await settle()
      gate.release()
      await Promise.all([login, logout])
      client.receive(await exchange.commit())
      expect(client.jar.size).toBe(0)
      expect(await world.sessions.list('ada')).toEqual([])
    })
  }

  it('and a login after a logout that is not awaited logs in, and leaves no session that nobody holds', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const exchange = await client.open()
    const gate = world.store.hold('end')
    const logout = exchange.session.logout()
    await gate.reached
    const login = exchange.session.login('ada')
    await settle()
    gate.release()
    await Promise.all([logout, login])
    client.receive(await exchange.commit())
    expect((await client.send((session) => session.userId)).value).toBe('ada')
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })
})

describe('a second login while the first one ends the session before', () => {
  it('shows nothing of the first user to the second', async () => {
    const world = createWorld()
    const { exchange } = await visitor(world, { secret: 'of ada' })
    const gate = world.store.hold('end', 'after')
    const first = exchange.session.login('ada')
    await gate.reached
    const second = exchange.session.login('bob')
    await settle()
    gate.release()
    await Promise.all([first, second])
    expect([exchange.session.userId, { ...exchange.session.data }]).toEqual(['bob', {}])
  })

  it('gives the client its token, although the first had late data to bring along', async () => {
    const world = createWorld()
    const { client, exchange } = await visitor(world)
    const gate = world.store.hold('end')
    const first = exchange.session.login('ada')
    await gate.reached
    await client.send((session) => session.update('late', () => 1))
    const second = exchange.session.login('bob')
    await settle()
    gate.release()
    await Promise.all([first, second])
    client.receive(await exchange.commit())
    expect((await client.send((session) => session.userId)).value).toBe('bob')
    expect(await world.sessions.list('ada')).toEqual([])
  })
})

describe('5 rotations and proofs at once in one request', () => {
  for (const when of ['before', 'after'] as const) {
    it(`all succeed, with the first one held ${when} its write`, async () => {
      const world = createWorld()
      const client = world.client()
      await client.send((session) => session.login('ada'))
      const { session, commit } = await client.open()
      const gate = world.store.hold('write', when)
      const verbs: readonly Verb[] = ['rotate', 'rotate', 'reauthenticated']
      const all = verbs.map((verb) => (verb === 'rotate' ? session.rotate() : session.reauthenticated()))
      await settle()
      gate.release()
      await Promise.all(all)
      client.receive(await commit())
      expect((await client.send((later) => [later.userId, later.refused])).value).toEqual(['ada', null])
    })
  }
})

describe('2 an update beside a login that is not awaited', () => {
  for (const sealed of [false, true]) {
    it(`whose fn was waiting when the login began comes along${sealed ? ', sealed' : ''}`, async () => {
      const world = createWorld({ sealed })
      const { client, exchange } = await visitor(world, { n: 1 })
      const { session } = exchange
      const gate = world.store.hold('end')
      let go = (): void => {}
      const waiting = new Promise<void>((resolve) => {
        go = resolve
      })
      const update = session.update('n', async (n) => {
        await waiting
        return (n as number) + 1
      })
      await settle()
      const login = session.login('ada')
      await gate.reached
      go()
      await update
      gate.release()
      await login
      client.receive(await exchange.commit())
      expect((await client.send((later) => later.data.n)).value).toBe(2)
    })

    it(`that is called after it is the new session’s${sealed ? ', sealed' : ''}`, async () => {
      const world = createWorld({ sealed })
      const { client, exchange } = await visitor(world, { n: 1 })
      const gate = world.store.hold('end', 'after')
      const login = exchange.session.login('ada')
      await gate.reached
      const update = exchange.session.update('n', (n) => (n as number) + 1)
      await settle()
      gate.release()
      await Promise.all([login, update])
      client.receive(await exchange.commit())
      expect((await client.send((later) => later.data.n)).value).toBe(2)
    })
  }

  it('of a key that was assigned before the login keeps both', async () => {
    const world = createWorld()
    const { client, exchange } = await visitor(world, { n: 1 })
    const { session } = exchange
    session.data.n = 5
    let go = (): void => {}
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    const gate = world.store.hold('create')
    const login = session.login('ada')
    await gate.reached
    await client.send((other) => other.update('m', () => 1))
    gate.release()
    go()
    await waiting
    await Promise.all([login, session.update('n', (n) => (n as number) + 1)])
    client.receive(await exchange.commit())
    expect((await client.send((later) => ({ ...later.data }))).value).toEqual({ n: 6, m: 1 })
  })
})

describe('8 an update that would begin the session, not awaited', () => {
  it('whose fn ends after the response is reported, and stores no session without a holder', async () => {
    const world = createWorld()
    const { session, commit, finish } = await world.client().open()
    let go = (): void => {}
    const waiting = new Promise<void>((resolve) => {
      go = resolve
    })
    const update = rejection(
      session.update('cart', async () => {
        await waiting
        return ['lamp']
      }),
    )
    await settle()
    await commit()
    await finish()
    go()
    expect(await update).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    expect(world.store.count('create')).toBe(0)
  })

  it('whose session is being stored while an error page is sent is reported, and that session ends', async () => {
    const world = createWorld()
    const { session, salvage } = await world.client().open()
    const { id } = session
    const gate = world.store.hold('create', 'after')
    const update = rejection(session.update('cart', () => ['lamp']))
    await gate.reached
    expect(salvage()).toEqual([])
    gate.release()
    expect(await update).toMatchObject({ code: 'ERR_HEADERS_SENT' })
    expect(await world.kept(id)).toMatchObject({ kind: 'ended' })
  })
})

describe('a response that ends while a verb that was not awaited runs', () => {
  /** Calls the verb without waiting, holds it at a call of the store, and lets the response end meanwhile. */
  async function race(
    verb: (session: Session<TestData>) => Promise<void>,
    [operation, when]: readonly ['create' | 'end' | 'write', 'before' | 'after'],
    isWritten: boolean,
  ) {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session, commit, finish } = await client.open()
    const gate = world.store.hold(operation, when)
    const called = verb(session)
    await gate.reached
    if (isWritten) session.data.late = true
    const committed = commit()
    await settle()
    gate.release()
    await called
    client.receive(await committed)
    await finish()
    const { value } = await client.send((later) => ({ userId: later.userId, ...later.data }))
    return { world, value, jar: client.jar }
  }

  for (const isWritten of [false, true]) {
    const suffix = isWritten ? ', with data to store' : ''
    for (const gate of [
      ['create', 'before'],
      ['create', 'after'],
      ['end', 'before'],
      ['end', 'after'],
    ] as const) {
      it(`waits for a login that is held ${gate[1]} ${gate[0]}: the client has its session${suffix}`, async () => {
        const { value, world } = await race((session) => session.login('ada'), gate, isWritten)
        expect(value).toEqual({ userId: 'ada', ...(isWritten && { late: true }) })
        expect(await world.sessions.list('ada')).toHaveLength(1)
      })
    }

    for (const verb of ['rotate', 'reauthenticated'] as const) {
      it(`waits for ${verb}: the client has the new token${suffix}`, async () => {
        const { value } = await race((session) => session[verb](), ['write', 'after'], isWritten)
        expect(value).toEqual({ userId: 'ada', ...(isWritten && { late: true }) })
      })
    }
  }

  it('waits for a logout: the cookie is cleared', async () => {
    const { value, jar } = await race((session) => session.logout(), ['end', 'before'], false)
    expect([value, jar.size]).toEqual([{ userId: null }, 0])
  })

  for (const verb of ['login', 'rotate', 'reauthenticated'] as const) {
    it(`is too late for ${verb} once it stores data: an error, and the client keeps its session`, async () => {
      const world = createWorld()
      const client = world.client()
      await client.send((session) => session.login('ada'))
      const { session, commit } = await client.open()
      session.data.n = 1
      const gate = world.store.hold('write')
      const committed = commit()
      await gate.reached
      const late = rejection(session[verb]('ada' as never))
      await settle()
      gate.release()
      client.receive(await committed)
      expect(await late).toMatchObject({ code: 'ERR_HEADERS_SENT' })
      expect((await client.send((later) => [later.userId, later.data.n])).value).toEqual(['ada', 1])
      expect(world.eventsOf('ended')).toEqual([])
    })
  }

  it('is sent even if the verb fails, and the verb rejects', async () => {
    const world = createWorld()
    const { client, exchange } = await visitor(world)
    world.store.fail('create')
    const login = rejection(exchange.session.login('ada'))
    client.receive(await exchange.commit())
    expect(await login).toMatchObject({ code: 'ERR_STORE' })
    expect((await client.send((later) => later.data.cart)).value).toEqual(['lamp'])
  })
})
