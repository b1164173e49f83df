import { type Carrier, createSessions, memoryStore, SessionError, type Store } from 'sojourn'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWorld, edit, look, rejection, toView } from './kit.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('closed sessions', () => {
  it('refuse everything with ERR_CLOSED, and close the store', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session, commit } = await client.open()
    edit({ a: 1 })(session)
    await world.sessions.close()
    expect(world.store.count('close')).toBe(1)
    const { sessions } = world
    for (const work of [
      () => sessions.open(toView()),
      () => sessions.list('ada'),
      () => sessions.revoke('A'.repeat(22)),
      () => sessions.revokeAll('ada'),
      () => sessions.export('ada'),
      () => sessions.erase('ada'),
      () => sessions.sweep(),
      () => session.reload(),
      () => session.logout(),
      () => session.update('a', () => 1),
      () => commit(),
    ]) {
      expect(await rejection(async () => work())).toMatchObject({ code: 'ERR_CLOSED', status: 500 })
    }
    expect(world.eventsOf('fault')).toEqual([])
  })

  it('can be closed twice', async () => {
    const { sessions } = createWorld()
    await sessions.close()
    await sessions.close()
  })

  it('reject if the store cannot be closed', async () => {
    const world = createWorld()
    world.store.fail('close', { error: new Error('stuck') })
    await expect(world.sessions.close()).rejects.toThrow('stuck')
  })
})

describe('attach and get', () => {
  it('give back the session of a framework’s object', async () => {
    const { sessions } = createWorld()
    const { session } = await sessions.open(toView())
    const request = {}
    sessions.attach(request, session)
    expect(sessions.get(request)).toBe(session)
    expect(Object.keys(request)).toEqual([])
    expect(JSON.stringify(request)).toBe('{}')
  })

  it('say what to do when the adapter is missing', async () => {
    const { sessions } = createWorld()
    const error = await rejection(() => sessions.get({}))
    expect(error).toMatchObject({ code: 'ERR_NO_SESSION' })
    expect(error.message).toContain('adapter')
  })

  it('keep the sessions of two applications on one object apart', async () => {
    const [one, two] = [createWorld().sessions, createWorld().sessions]
    const request = {}
    one.attach(request, (await one.open(toView())).session)
    expect(await rejection(() => two.get(request))).toMatchObject({ code: 'ERR_NO_SESSION' })
    const { session } = await two.open(toView())
    two.attach(request, session)
    expect(two.get(request)).toBe(session)
    expect(one.get(request)).not.toBe(session)
  })

  it('say whether there is one', async () => {
    const { sessions } = createWorld()
    const request = {}
    expect(sessions.has(request)).toBe(false)
    sessions.attach(request, (await sessions.open(toView())).session)
    expect(sessions.has(request)).toBe(true)
  })

  it('warn of two applications that keep their tokens in one place, and only then', async () => {
    const [one, two, apart] = [createWorld(), createWorld(), createWorld({ cookie: { name: '__Host-other' } })]
    const request = {}
    for (const { sessions } of [one, apart, two]) {
      sessions.attach(request, (await sessions.open(toView())).session)
    }
    expect([one.warnings, apart.warnings]).toEqual([[], []])
    expect(two.warnings).toEqual([expect.stringContaining('cookie __Host-session')])
    const placeless = (): Carrier => ({
      name: 'bare',
      ambient: false,
      vary: 'X-Bare',
      read: () => ({ values: [], overflow: false }),
      write: () => [],
      clear: () => [],
    })
    const [bare, other] = [createWorld({ carriers: [placeless()] }), createWorld({ carriers: [placeless()] })]
    for (const { sessions } of [bare, other]) {
      sessions.attach(request, (await sessions.open(toView())).session)
    }
    expect([bare.warnings, other.warnings]).toEqual([[], []])
  })

  it('the newest counts', async () => {
    const { sessions } = createWorld()
    const request = {}
    sessions.attach(request, (await sessions.open(toView())).session)
    const { session } = await sessions.open(toView())
    sessions.attach(request, session)
    expect(sessions.get(request)).toBe(session)
  })
})

describe('a session object', () => {
  it('shows nothing of its inside to what prints or serialises it', async () => {
    const world = createWorld()
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const { session } = await client.open()
    expect(JSON.stringify(session)).toBe('{}')
    const { inspect } = await import('node:util')
    expect(inspect(session, { depth: 9, showHidden: true })).not.toContain(client.token() ?? '')
    expect(Reflect.ownKeys(session)).toEqual([])
  })

  it('verbs cannot be taken off it', async () => {
    const { session } = await createWorld().client().open()
    const { logout } = session
    expect(await rejection(async () => logout())).toBeInstanceOf(TypeError)
  })

  it('its simple members are read only', async () => {
    const { session } = await createWorld().client().open()
    expect(() => Object.assign(session, { userId: 'root' })).toThrow('session.userId cannot be set')
    expect(session.userId).toBeNull()
  })

  it('isNew: until the request’s token is honoured', async () => {
    const world = createWorld()
    const client = world.client()
    expect((await client.send((session) => session.isNew)).value).toBe(true)
    await client.send(edit({ a: 1 }))
    expect((await client.send((session) => session.isNew)).value).toBe(false)
    const { value } = await client.send(async (session) => {
      await session.logout()
      return session.isNew
    })
    expect(value).toBe(true)
  })
})

describe('createSessions', () => {
  it('without options works: memory, a cookie, and a check of origins', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const sessions = createSessions()
    const { session, commit, answer } = await sessions.open(toView())
    expect(answer).toBeNull()
    session.data.a = 1
    const headers = await commit()
    expect(headers[0]?.value).toMatch(/^__Host-session=/)
    expect(sessions.store.name).toBe('memory')
    expect(
      (await sessions.open(toView({ method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }))).answer,
    ).not.toBeNull()
    expect(warn).not.toHaveBeenCalled()
    await sessions.close()
  })

  it('uses the clock of the machine by default', async () => {
    const sessions = createSessions()
    const { session } = await sessions.open(toView())
    expect(Math.abs(+session.createdAt - Date.now())).toBeLessThan(5000)
    await sessions.close()
  })

  it('warns in production when sessions live in memory without being asked to', () => {
    vi.stubEnv('NODE_ENV', 'production')
    const warnings: string[] = []
    const warn = (text: string) => void warnings.push(text)
    createSessions({ warn })
    expect(warnings).toMatchObject([expect.stringMatching(/^sojourn: no store is configured.*Set store/)])
    createSessions({ warn, store: memoryStore() })
    expect(warnings).toHaveLength(1)
    const console_ = vi.spyOn(console, 'warn').mockImplementation(() => {})
    createSessions()
    expect(console_).toHaveBeenCalledWith(warnings[0])
  })

  it('does not warn in development', () => {
    vi.stubEnv('NODE_ENV', 'development')
    const warnings: string[] = []
    createSessions({ warn: (text) => void warnings.push(text) })
    expect(warnings).toEqual([])
  })

  it('refuses cookie options beside a carrier of one’s own', async () => {
    const carrier: Carrier = {
      name: 'header',
      ambient: false,
      vary: 'X-Session',
      read: (view) => ({ values: [view.header('x-session') ?? ''].filter(Boolean), overflow: false }),
      write: (_, token) => [{ name: 'x-session', value: token, how: 'default' }],
      clear: () => [],
    }
    expect(await rejection(() => createSessions({ carriers: [carrier], cookie: {} }))).toMatchObject({
      code: 'ERR_OPTION',
    })
    const sessions = createSessions<Record<string, unknown>>({ carriers: [carrier] })
    const first = await sessions.open(toView({ method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }))
    expect(first.answer).toBeNull()
    await first.session.login('ada')
    const [token, vary] = await first.commit()
    expect(vary).toEqual({ name: 'vary', value: 'X-Session', how: 'append' })
    const second = await sessions.open(toView({ headers: { 'x-session': token?.value ?? '' } }))
    expect(second.session.userId).toBe('ada')
    await sessions.close()
  })

  it('the check of origins can be turned off, by a name that says what that is', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://admin.example' }
    const view = toView({ method: 'POST', headers })
    const [open, trusting, strict] = [
      createWorld({ insecureNoCrossOriginCheck: true }),
      createWorld({ crossOrigin: { trustedOrigins: ['https://admin.example'] } }),
      createWorld(),
    ]
    expect((await open.sessions.open(view)).answer).toBeNull()
    expect((await trusting.sessions.open(view)).answer).toBeNull()
    expect((await strict.sessions.open(view)).answer).not.toBeNull()
  })

  it('guards of one’s own come after it', async () => {
    const asked: string[] = []
    const guard = {
      name: 'own',
      check() {
        asked.push('own')
        return null
      },
    }
    const world = createWorld({ guards: [guard] })
    await world.sessions.open(toView({ method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }))
    expect(asked).toEqual([])
    await world.sessions.open(toView())
    expect(asked).toEqual(['own'])
  })

  it('describes devices as configured', async () => {
    const world = createWorld({ describeDevice: (view) => ({ name: view.header('host'), ip: null }) })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    expect((await client.send((session) => session.device)).value).toEqual({ name: 'shop.example', ip: null })
  })

  it.each([
    { keys: ['short'] },
    { timeouts: 'owasp' },
    { data: {} },
    { cookie: { name: 'sid' } },
    { crossOrigin: { trustedOrigins: ['admin.example'] } },
  ])('refuses wrong options at once: %j', async (options) => {
    expect(await rejection(() => createSessions(options as never))).toBeInstanceOf(SessionError)
  })

  it('warns of each thing once, by console when nothing else is given', async () => {
    const console_ = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const sessions = createSessions()
    for (let i = 0; i < 2; i++) {
      const { session, commit, finish } = await sessions.open(toView())
      await commit()
      session.data.late = 1
      await finish()
    }
    expect(console_.mock.calls).toEqual([[expect.stringMatching(/^sojourn: /)]])
    await sessions.close()
  })
})

describe('a store that answers later', () => {
  function later(store: Store): Store {
    const soon = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)))
    return {
      name: 'later',
      read: async (id) => soon(await store.read(id)),
      create: async (record) => soon(await store.create(record)),
      write: async (id, change) => soon(await store.write(id, change)),
      end: async (id, tombstone) => soon(await store.end(id, tombstone)),
      list: async (userId) => soon(await store.list(userId)),
      close: async () => soon(await store.close()),
    }
  }

  it('serves the same', async () => {
    const world = createWorld({ store: later(memoryStore()) })
    const client = world.client()
    await client.send(edit({ a: 1 }))
    await client.send((session) => session.login('ada'))
    await client.send((session) => session.update('n', () => 1))
    await client.send((session) => session.rotate())
    expect((await client.send(look)).value).toEqual({ userId: 'ada', refused: null, data: { a: 1, n: 1 } })
    expect((await client.send((session) => session.devices())).value).toHaveLength(1)
    await client.send((session) => session.logout())
    expect((await client.send(look)).value.userId).toBeNull()
  })
})
