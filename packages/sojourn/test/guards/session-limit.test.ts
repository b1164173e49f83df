import { guardCases } from '@sojourn/conformance'
import { createSessions, type Guard, memoryStore, type Store } from 'sojourn'
import { deviceClass, type SessionLimitOptions, sessionLimit } from 'sojourn/guards/session-limit'
import { describe, expect, test } from 'vitest'
import { type Client, createWorld, HOUR, look, MINUTE, rejection, type TestData } from '../core/kit.ts'
import { testCases } from '../support/run-cases.ts'

const PHONE = { 'user-agent': 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0' }
const LAPTOP = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }

testCases('the contract of guards, session-limit', guardCases, { createGuard: () => sessionLimit({ most: 2 }) })

function worldOf(options: SessionLimitOptions, others: readonly Guard[] = [], store: Store = memoryStore()) {
  const world = createWorld<TestData>({ store, guards: [...others, sessionLimit(options)] })
  const login = (client: Client<TestData> = world.client(), headers: Readonly<Record<string, string>> = LAPTOP) =>
    client.send((session) => session.login('ada'), { method: 'POST', headers }).then(() => client)
  const isIn = async (client: Client<TestData>) => (await client.send(look)).value.userId === 'ada'
  const whoIsIn = (clients: readonly Client<TestData>[]) => Promise.all(clients.map(isIn))
  const count = async () => (await world.sessions.list('ada')).length
  return { ...world, login, isIn, whoIsIn, count }
}

/** One login after another, a second apart. */
async function inTurn({ login, clock }: ReturnType<typeof worldOf>, many: readonly Readonly<Record<string, string>>[]) {
  const clients: Client<TestData>[] = []
  for (const headers of many) {
    clients.push(await login(undefined, headers))
    clock.advance(1000)
  }
  return clients
}

describe('a password that many people share', () => {
  test('keeps the newest sessions, and ends the oldest with the name of the guard', async () => {
    const world = worldOf({ most: 2 })
    const clients = await inTurn(world, [LAPTOP, LAPTOP, LAPTOP, LAPTOP])
    expect(await world.whoIsIn(clients)).toEqual([false, false, true, true])
    expect(world.eventsOf('ended').map(({ reason }) => reason)).toEqual(['session-limit', 'session-limit'])
  })

  test('is refused with whenFull: refuse, and the sessions that exist stay', async () => {
    const world = worldOf({ most: 2, whenFull: 'refuse' })
    const clients = await inTurn(world, [LAPTOP, LAPTOP])
    const third = world.client()
    expect(await rejection(world.login(third))).toMatchObject({ code: 'ERR_LOGIN_REFUSED', status: 403 })
    expect(await world.whoIsIn([...clients, third])).toEqual([true, true, false])
  })

  test('does not lock out for ever: an expired session gives its place free', async () => {
    const world = worldOf({ most: 1, whenFull: 'refuse' })
    await world.login()
    world.clock.advance(31 * MINUTE)
    expect(await world.isIn(await world.login())).toBe(true)
  })

  test('a logout and a revocation give a place free at once', async () => {
    const world = worldOf({ most: 1, whenFull: 'refuse' })
    const first = await world.login()
    await first.send((session) => session.logout())
    const second = await world.login()
    const [info] = await world.sessions.list('ada')
    await world.sessions.revoke(info?.id ?? '')
    expect(await world.whoIsIn([second, await world.login()])).toEqual([false, true])
  })
})

describe('three tabs with the login form of one browser', () => {
  test.each(['end-oldest', 'refuse'] as const)('count as one session (%s)', async (whenFull) => {
    const world = worldOf({ most: 1, whenFull })
    const browser = world.client()
    for (let tab = 0; tab < 3; tab++) await world.login(browser)
    expect([await world.isIn(browser), await world.count()]).toEqual([true, 1])
  })
})

describe('a logout everywhere while a login counts', () => {
  test.each(['end-oldest', 'refuse'] as const)(
    'fails the login, which does not blame the limit (%s)',
    async (whenFull) => {
      let [reached, go] = [() => {}, () => {}]
      const isReached = new Promise<void>((resolve) => {
        reached = resolve
      })
      const slow: Guard = {
        name: 'slow',
        async login({ replaces }) {
          if (replaces.length > 0) return null
          reached()
          await new Promise<void>((resolve) => {
            go = resolve
          })
          return null
        },
      }
      const world = worldOf({ most: 2, whenFull }, [slow])
      const failed = rejection(world.login())
      await isReached
      await world.sessions.revokeAll('ada')
      go()
      expect(await failed).toMatchObject({
        code: 'ERR_LOGIN_REFUSED',
        message: expect.stringContaining('ended while it began'),
      })
    },
  )
})

describe('a new proof of identity', () => {
  test('is no new session, so it passes although every place is taken', async () => {
    const world = worldOf({ most: 1, whenFull: 'refuse' })
    const client = await world.login()
    await client.send((session) => session.reauthenticated())
    await client.send((session) => session.rotate())
    expect(await world.isIn(client)).toBe(true)
  })
})

describe('one user at the limit', () => {
  test('takes no place of another user', async () => {
    const world = worldOf({ most: 1 })
    const [ada, bob] = [await world.login(), world.client()]
    await bob.send((session) => session.login('bob'))
    expect(await world.isIn(ada)).toBe(true)
  })
})

describe('limits of classes and of all sessions, exceeded at once', () => {
  test('end the oldest of the same class, not the oldest of all', async () => {
    const world = worldOf({ most: 3, perClass: { mobile: 1 } })
    const clients = await inTurn(world, [LAPTOP, PHONE, LAPTOP, PHONE])
    expect(await world.whoIsIn(clients)).toEqual([true, false, true, true])
  })

  test('of all end the oldest, whatever its class', async () => {
    const world = worldOf({ most: 2, perClass: { mobile: 1 } })
    const clients = await inTurn(world, [PHONE, LAPTOP, LAPTOP])
    expect(await world.whoIsIn(clients)).toEqual([false, true, true])
  })

  test('a class without a limit has none', async () => {
    const world = worldOf({ perClass: { mobile: 1 } })
    expect(await world.whoIsIn(await inTurn(world, [LAPTOP, LAPTOP, LAPTOP]))).toEqual([true, true, true])
  })

  test('an invented User-Agent makes no class of its own', () => {
    const names = ['Firefox on Android', 'Safari on iPhone', 'Chrome on Windows', 'Safari on macOS', 'curl', 'x', null]
    const classes = names.map((name) => deviceClass({ name, ip: null }))
    expect(classes).toEqual(['mobile', 'mobile', 'desktop', 'desktop', 'other', 'other', 'other'])
    expect(deviceClass(null)).toBe('other')
  })
})

describe('a limit that depends on the user', () => {
  test('is asked for at each login, and one that is no number fails the login', async () => {
    const plans: Record<string, number> = { ada: 2 }
    const world = worldOf({ most: async (userId) => plans[userId] as number })
    expect(await world.whoIsIn(await inTurn(world, [LAPTOP, LAPTOP, LAPTOP]))).toEqual([false, true, true])
    const bob = world.client()
    expect(await rejection(bob.send((session) => session.login('bob')))).toMatchObject({ code: 'ERR_GUARD' })
    expect(await world.sessions.list('bob')).toEqual([])
  })

  test('that was lowered ends all sessions above it at the next login', async () => {
    let most = 5
    const world = worldOf({ most: () => most })
    await inTurn(world, [LAPTOP, LAPTOP, LAPTOP, LAPTOP, LAPTOP])
    most = 2
    await world.login()
    expect(await world.count()).toBe(2)
  })
})

describe('a store that cannot list', () => {
  const lacks = { list: 'It has no index.' }
  const cannotList: Store = { ...memoryStore(), name: 'elsewhere', lacks }

  test('is refused at construction, although the application accepted the lack', () => {
    const create = () =>
      createSessions({ store: cannotList, insecureStoreLacks: ['list'], guards: [sessionLimit({ most: 2 })] })
    expect(create).toThrow(
      expect.objectContaining({
        code: 'ERR_UNSUPPORTED',
        message: expect.stringContaining('session-limit cannot work with elsewhere. list: It has no index.'),
      }),
    )
  })

  test('is accepted by guards that do not need it', () => {
    const guard: Guard = { name: 'quiet', needs: ['ended'], check: () => null }
    expect(() => createSessions({ store: cannotList, insecureStoreLacks: ['list'], guards: [guard] })).not.toThrow()
  })
})

describe('a store that fails while the sessions are counted', () => {
  test('lets nobody in, and leaves the sessions that exist', async () => {
    const world = worldOf({ most: 1 })
    const client = await world.login()
    world.store.fail('list')
    expect(await rejection(world.login())).toMatchObject({ code: 'ERR_GUARD' })
    expect(await world.isIn(client)).toBe(true)
  })
})

describe('options that mean nothing', () => {
  test.each<[string, SessionLimitOptions]>([
    ['no limit', {}],
    ['zero', { most: 0 }],
    ['a fraction', { most: 1.5 }],
    ['a limit of a class that is no number', { perClass: { mobile: Number.NaN } }],
  ])('are refused: %s', (_, options) => {
    expect(() => sessionLimit(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  test('are refused by name', () => {
    expect(() => sessionLimit({ max: 2 } as SessionLimitOptions)).toThrow(/no option "max"/)
  })
})

describe('a login from a session that the limit ends meanwhile', () => {
  /** The client's login waits once its session is stored, and another client's login runs. */
  async function overtaken(most: number) {
    let next: Promise<void> | null = null
    let reached = (): void => {}
    const waits: Guard = {
      name: 'waits',
      async login() {
        const mine = next
        next = null
        if (mine !== null) reached()
        await mine
        return null
      },
    }
    const world = createWorld<TestData>({ guards: [sessionLimit({ most }), waits] })
    const login = (client: Client<TestData>) => client.send((session) => session.login('ada'), { method: 'POST' })
    const isIn = async (client: Client<TestData>) => (await client.send(look)).value.userId === 'ada'
    const clients = [world.client(), world.client()]
    for (const client of clients) {
      await login(client)
      world.clock.advance(1000)
    }
    let go = (): void => {}
    const isReached = new Promise<void>((resolve) => {
      reached = resolve
    })
    const pauseNext = (): void => {
      next = new Promise<void>((resolve) => {
        go = resolve
      })
    }
    return { world, login, isIn, clients, pauseNext, isReached, go: () => go() }
  }

  test('succeeds if the new session is within the limit, so that no place stays empty', async () => {
    const { world, login, isIn, clients, pauseNext, isReached, go } = await overtaken(2)
    const [first = world.client()] = clients
    pauseNext()
    const slow = login(first)
    await isReached
    world.clock.advance(1)
    const third = world.client()
    await login(third)
    go()
    await slow
    expect([await isIn(first), await isIn(third)]).toEqual([true, true])
    expect(await world.sessions.list('ada')).toHaveLength(2)
  })

  test('fails if the session had ended before the login began', async () => {
    const { world, login, clients } = await overtaken(2)
    const [first = world.client()] = clients
    const { session } = await first.open({ method: 'POST' })
    world.clock.advance(1000)
    for (let i = 0; i < 2; i++) await login(world.client())
    world.clock.advance(1)
    expect(await rejection(session.login('ada'))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  test('fails if a logout ended the session while the login ran', async () => {
    const { world, login, clients, pauseNext, isReached, go } = await overtaken(3)
    const [first = world.client()] = clients
    const { session: other } = await first.open()
    pauseNext()
    const slow = rejection(login(first))
    await isReached
    await other.logout()
    go()
    expect(await slow).toMatchObject({ code: 'ERR_SESSION_ENDED' })
    expect(await world.sessions.list('ada')).toHaveLength(1)
  })

  test('fails if its time limit was over', async () => {
    const { world, clients } = await overtaken(2)
    const [first = world.client()] = clients
    const { session } = await first.open()
    world.clock.advance(HOUR)
    expect(await rejection(session.login('ada'))).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })
})
