import './support/next-globals.ts'
import { readFileSync } from 'node:fs'
import { createSessions, memoryStore, type Session, SessionError, type SessionsOptions } from 'sojourn'
import { readSession, withActionSession, withSession } from 'sojourn/next'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { IDLE } from './next-app/shared.ts'
import { type NextServer, startNext } from './support/next-server.ts'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore } from './support/stores.ts'
import { createVisitor, type Visitor } from './support/visitor.ts'

type TestData = Record<string, unknown>
type TestSession = Session<TestData>

let server: NextServer
let nowMs: number

beforeAll(async () => {
  server = await startNext()
}, 300_000)
afterAll(() => server.close())
beforeEach(() => {
  nowMs = Date.parse('2026-12-03T06:00:00Z')
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

/** The application of the test, with sessions of its own. */
function use(options: SessionsOptions<TestData> = {}, hooks: Partial<typeof IDLE> = {}): Visitor {
  const sessions = createSessions<TestData>({ store: memoryStore(), clock: () => nowMs, ...options })
  Object.assign(server.shared, IDLE, { sessions }, hooks)
  return createVisitor(server.origin)
}

const login = async (session: TestSession): Promise<void> => session.login('ada')

/** Sends the form of `/hook` as a browser without JavaScript does. */
async function submit(visitor: Visitor, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  const page = await (await fetch(`${server.origin}/hook`)).text()
  const [, name] = /name="(\$ACTION_ID_[^"]+)"/.exec(page) ?? []
  const form = new FormData()
  form.set(name ?? '', '')
  return visitor.fetch('/hook', {
    method: 'POST',
    body: form,
    headers: { origin: server.origin, ...headers },
    signal: signal ?? null,
  })
}

const shownOf = async (response: Response): Promise<string> => {
  const page = await response.text()
  return /<p id="shown">(.*?)<\/p>/.exec(page)?.[1]?.replaceAll('&#x27;', "'") ?? page
}

describe('server components', () => {
  test('a page shows who is signed in, and no cache keeps it', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    const response = await ada.fetch('/hook')
    expect(response.headers.get('cache-control')).toContain('no-store')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await shownOf(response)).toBe('ada')
  })

  test('visitors at the same time never see each other', async () => {
    use()
    const names = ['ada', 'bob', 'cem', 'dee']
    const each: Visitor[] = []
    for (const name of names) {
      server.shared.act = (session) => session.login(name)
      const visitor = createVisitor(server.origin)
      await submit(visitor)
      each.push(visitor)
    }
    const shown = await Promise.all(
      Array.from({ length: 24 }, async (_, at) => shownOf((await each[at % 4]?.fetch('/hook')) as Response)),
    )
    expect(shown).toEqual(Array.from({ length: 24 }, (_, at) => names[at % 4]))
  })

  test('the components of one page read the store once', async () => {
    const store = memoryStore()
    const read = vi.fn(store.read)
    const ada = use({ store: { ...store, read } }, { act: login })
    await submit(ada)
    read.mockClear()
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
    expect(read).toHaveBeenCalledTimes(1)
  })

  test('the shell of a partial page is sent before the store answers', async () => {
    const store = memoryStore()
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let isHeld = false
    const ada = use(
      {
        store: {
          ...store,
          async read(id) {
            if (isHeld) await gate
            return store.read(id)
          },
        },
      },
      { act: login },
    )
    await submit(ada)
    isHeld = true
    const reader = (await ada.fetch('/hook')).body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('One moment.')) text += (await reader?.read())?.value
    expect(text).toContain('The shell')
    expect(text).not.toContain('id="shown"')
    go()
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) text += piece.value
    expect(text).toContain('<p id="shown">ada</p>')
  })

  test('a page without a session stays static', async () => {
    const visitor = use()
    const response = await visitor.fetch('/fixed')
    expect(response.headers.get('cache-control')).toBe('s-maxage=31536000')
    expect(response.headers.get('x-nextjs-cache')).toBe('HIT')
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('who only reads pages stays signed in', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    for (let round = 0; round < 4; round++) {
      nowMs += 20 * 60_000
      expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
    }
    nowMs += 31 * 60_000
    expect(await shownOf(await ada.fetch('/hook'))).toBe('nobody')
  })

  test('a session that was ended elsewhere is nobody at once', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    await server.shared.sessions.revokeAll('ada')
    expect(await shownOf(await ada.fetch('/hook'))).toBe('nobody')
  })

  test('a planted cookie of the same name: the page accepts neither', async () => {
    const cookies: string[] = []
    for (const visitor of [use({}, { act: login }), createVisitor(server.origin)]) {
      cookies.push(((await submit(visitor)).headers.getSetCookie()[0] ?? '').split(';')[0] ?? '')
    }
    expect(new Set(cookies).size).toBe(2)
    server.shared.render = ({ userId, refused }) => `${userId} ${refused}`
    const response = await fetch(`${server.origin}/hook`, { headers: { cookie: cookies.join('; ') } })
    expect(await shownOf(response)).toBe('null ambiguous')
  })

  test.each<[what: string, change: (session: TestSession) => unknown]>([
    ['data.cart', (session) => Object.assign(session.data, { cart: ['tea'] })],
    ['data.list.0', (session) => Object.assign(session.data.list as object, { 0: 'other' })],
    ['data.list', (session) => delete session.data.list],
    ['data', (session) => Object.assign(session, { data: {} })],
    ['login', (session) => session.login('eve')],
    ['logout', (session) => session.logout()],
    ['update', (session) => session.update('list', () => [])],
    ['flash', (session) => session.flash.take('notice')],
    ['revokeOthers', (session) => session.revokeOthers()],
  ])('a change of %s says where to make it, and changes nothing', async (what, change) => {
    let thrown: unknown
    const ada = use(
      {},
      {
        async act(session) {
          await session.login('ada')
          session.data.list = ['first']
        },
        async render(session) {
          try {
            await change(session as unknown as TestSession)
          } catch (error) {
            thrown = error
          }
          return JSON.stringify(session.data.list)
        },
      },
    )
    await submit(ada)
    expect(await shownOf(await ada.fetch('/hook'))).toContain('first')
    expect(thrown).toBeInstanceOf(SessionError)
    expect(thrown).toMatchObject({ code: 'ERR_MISUSE' })
    expect(String(thrown)).toContain(`session.${what} `)
    expect(String(thrown)).toMatch(/withActionSession.*withSession/)
    expect(await server.shared.sessions.list('ada')).toHaveLength(1)
  })

  test('a store that cannot be read: no page for nobody, and Next shows its error', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    const { sessions } = server.shared
    Object.assign(server.shared, { sessions: createSessions({ store: failingStore('read') }) })
    const response = await ada.fetch('/hook')
    const page = await response.text()
    expect(page).not.toContain('id="shown"')
    expect(page).not.toContain('ECONNREFUSED')
    Object.assign(server.shared, { sessions })
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('a page that a guard refuses is not rendered', async () => {
    const render = vi.fn(IDLE.render)
    const closed = { name: 'closed', check: () => ({ status: 403, reason: 'closed', message: 'Closed today.' }) }
    const visitor = use({ guards: [closed] }, { render })
    await (await visitor.fetch('/hook')).text()
    expect(render).not.toHaveBeenCalled()
  })
})

describe('server actions', () => {
  test('a login: the cookie has its attributes, and the same response shows the user', async () => {
    const ada = use({}, { act: login })
    const response = await submit(ada)
    expect(response.status).toBe(200)
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=[\w-]{54}; Path=\/; HttpOnly; SameSite=lax$/),
    ])
    expect(response.headers.get('cache-control')).toContain('no-store')
    expect(await shownOf(response)).toBe('ada')
  })

  test('a remembered login outlives the browser', async () => {
    const ada = use({}, { act: (session) => session.login('ada', { absolute: '30d' }) })
    const [cookie] = (await submit(ada)).headers.getSetCookie()
    expect(cookie).toMatch(/; Max-Age=2592000; HttpOnly; SameSite=lax$|Max-Age=2592000/)
  })

  test('data that an action edits is stored and shown', async () => {
    const visitor = use({}, { render: ({ data }) => String(data.count ?? 0) })
    server.shared.act = (session) => {
      session.data.count = Number(session.data.count ?? 0) + 1
    }
    for (const count of ['1', '2', '3']) expect(await shownOf(await submit(visitor))).toBe(count)
    expect(await shownOf(await visitor.fetch('/hook'))).toBe('3')
  })

  test('a redirect carries the cookie', async () => {
    const { redirect } = await import('next/navigation.js')
    const ada = use(
      {},
      {
        async act(session) {
          await session.login('ada')
          redirect('/hook?in=1')
        },
      },
    )
    const response = await submit(ada)
    expect([response.status, response.headers.get('location')]).toEqual([303, '/hook?in=1'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(await shownOf(await ada.fetch('/hook?in=1'))).toBe('ada')
  })

  test('a logout removes the cookie, and its copy opens nothing', async () => {
    const ada = use({}, { act: login })
    const [cookie = ''] = (await submit(ada)).headers.getSetCookie()
    server.shared.act = (session) => session.logout()
    const response = await submit(ada)
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=; .*Max-Age=0/)])
    expect(await shownOf(response)).toBe('nobody')
    const replayed = await fetch(`${server.origin}/hook`, { headers: { cookie: cookie.split(';')[0] ?? '' } })
    expect(await shownOf(replayed)).toBe('nobody')
  })

  test('an error after a login does not lose the new token', async () => {
    const ada = use(
      {},
      {
        async act(session) {
          await session.login('ada')
          throw new Error('boom')
        },
      },
    )
    const response = await submit(ada)
    expect(response.status).toBe(500)
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('edits before an error are dropped', async () => {
    const visitor = use(
      {},
      {
        act(session) {
          session.data.count = 1
          throw new Error('boom')
        },
      },
    )
    const response = await submit(visitor)
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []])
  })

  test('a store that cannot be written: no redirect to the next page, and no cookie', async () => {
    const { redirect } = await import('next/navigation.js')
    const visitor = use(
      { store: failingStore('create') },
      {
        act(session) {
          session.data.count = 1
          redirect('/fixed')
        },
      },
    )
    const response = await submit(visitor)
    expect([response.status, response.headers.getSetCookie(), response.headers.get('location')]).toEqual([
      500,
      [],
      null,
    ])
  })

  test('a form of another site changes nothing', async () => {
    let runs = 0
    const visitor = use({}, { act: () => void runs++ })
    const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await submit(visitor, foreign)).status).toBeGreaterThanOrEqual(400)
    // Next compares Origin itself. The fetch metadata is ours alone to look at.
    expect((await submit(visitor, { 'sec-fetch-site': 'cross-site' })).status).toBeGreaterThanOrEqual(400)
    expect(runs).toBe(0)
  })

  test('an action inside an action continues with its session', async () => {
    const visitor = use(
      {},
      {
        async act(session) {
          const inner = withActionSession(server.shared.sessions, (same, name: string) => [same === session, name])
          session.data.inner = JSON.stringify(await inner('tea'))
        },
        render: ({ data }) => String(data.inner).replaceAll('"', ''),
      },
    )
    expect(await shownOf(await submit(visitor))).toBe('[true,tea]')
  })

  describe('an action that calls wrapped actions', () => {
    type Act = (session: TestSession) => unknown
    /** Calls them in a plain server action, as a developer composes them. */
    const run = (
      visitor: Visitor,
      plain: (call: (act: Act) => Promise<unknown>) => Promise<void>,
    ): Promise<Response> => {
      server.shared.plain = () => plain((act) => withActionSession(server.shared.sessions, act)())
      return submit(visitor)
    }
    const count: Act = (session) => session.update('count', (old) => Number(old ?? 0) + 1)
    const show = {
      render: ({ userId, data }: { userId: string | null; data: object }) => `${userId} ${Object.values(data)}`,
    }

    test('one after the other: nothing is lost, and the last cookie is the valid one', async () => {
      const visitor = use({}, show)
      const edit =
        (name: string): Act =>
        (session) =>
          void Object.assign(session.data, { [name]: name })
      const response = await run(visitor, async (call) => {
        await call(edit('first'))
        await call(login)
        await call(edit('last'))
      })
      expect(await shownOf(response)).toBe('ada first,last')
      expect(response.headers.getSetCookie()).toHaveLength(1)
      expect(await shownOf(await visitor.fetch('/hook'))).toBe('ada first,last')
      expect(await server.shared.sessions.list('ada')).toHaveLength(1)
    })

    test('one after a logout begins anew, and reads nothing of the former user', async () => {
      const visitor = use({}, { ...show, act: login })
      await submit(visitor)
      const response = await run(visitor, async (call) => {
        await call((session) => void Object.assign(session.data, { secret: 'of ada' }))
        await call((session) => session.logout())
        await call((session) => void Object.assign(session.data, { seen: JSON.stringify(session.data) }))
      })
      expect(await shownOf(response)).toBe('null {}')
      expect(await shownOf(await visitor.fetch('/hook'))).toBe('null {}')
    })

    test('at the same time: one session', async () => {
      const visitor = use({}, show)
      await shownOf(
        await run(visitor, async (call) => void (await Promise.all([call(count), call(count), call(count)]))),
      )
      expect(await shownOf(await visitor.fetch('/hook'))).toBe('null 3')
    })

    test('one that fails does not undo those before it', async () => {
      const visitor = use({}, show)
      const response = await run(visitor, async (call) => {
        await call(count)
        await call((session) => {
          session.data.lost = 'lost'
          throw new Error('boom')
        }).catch(() => {})
      })
      expect(await shownOf(response)).toBe('null 1')
      expect(await shownOf(await visitor.fetch('/hook'))).toBe('null 1')
    })

    test('a login that was not stored and is caught: the page shows nobody', async () => {
      const visitor = use({ store: failingStore('create') }, { render: ({ userId }) => `user ${userId}` })
      const response = await run(visitor, async (call) => {
        await call((session) => void Object.assign(session.data, { a: 1 })).catch(() => {})
        await call(login).catch(() => {})
      })
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await shownOf(response)).toBe('user null')
    })
  })

  test('called while a page is rendered, it says so, and the user stays signed in', async () => {
    let thrown: unknown
    const ada = use({}, { act: login })
    await submit(ada)
    for (const act of [login, (session: TestSession) => session.logout(), () => {}]) {
      server.shared.render = async ({ userId }) => {
        thrown = await withActionSession(server.shared.sessions, act)().catch((error: unknown) => error)
        return String(userId)
      }
      expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
      expect(thrown).toMatchObject({ code: 'ERR_MISUSE', message: expect.stringContaining('withActionSession') })
    }
    server.shared.render = IDLE.render
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('notFound() after a login: the token arrives', async () => {
    const { notFound } = await import('next/navigation.js')
    const ada = use(
      {},
      {
        async act(session) {
          await session.login('ada')
          notFound()
        },
      },
    )
    const response = await submit(ada)
    expect([response.status, response.headers.getSetCookie().length]).toEqual([404, 1])
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('a client that leaves: the action ends, and what it did is stored', async () => {
    const ada = use({}, { act: login, render: ({ data }) => String(data.item) })
    await submit(ada)
    let begin = (): void => {}
    let go = (): void => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    let settle = (): void => {}
    const stored = new Promise<void>((resolve) => {
      settle = resolve
    })
    server.shared.plain = async () => {
      await withActionSession(server.shared.sessions, async (session: TestSession) => {
        begin()
        await gate
        session.data.item = 'tea'
      })().finally(settle)
    }
    const leaving = new AbortController()
    const left = submit(ada, {}, leaving.signal).catch((error: Error) => error.name)
    await begun
    leaving.abort()
    expect(await left).toBe('AbortError')
    go()
    await stored
    expect(await shownOf(await ada.fetch('/hook'))).toBe('tea')
  })

  test('twelve at once that count: none is lost', async () => {
    const visitor = use({}, { act: login, render: ({ data }) => String(data.count) })
    await submit(visitor)
    server.shared.act = async (session) => void (await session.update('count', (old) => Number(old ?? 0) + 1))
    await Promise.all(Array.from({ length: 12 }, async () => (await submit(visitor)).text()))
    expect(await shownOf(await visitor.fetch('/hook'))).toBe('12')
  })

  test('a header that Next cannot send from an action is named, once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const ada = use({}, { act: login })
    await submit(ada)
    server.shared.act = (session) => session.logout({ clearSiteData: ['storage'] })
    await submit(ada)
    await submit(ada)
    expect(warn.mock.calls.flat().filter((line) => String(line).includes('lear-'))).toEqual([
      expect.stringMatching(/clear-site-data was not sent.*route handler/i),
    ])
  })
})

describe('route handlers that steer', () => {
  test.each([
    ['redirect', 307, '/fixed'],
    ['permanent', 308, '/fixed'],
    ['none', 404, null],
  ])('a login before %s: the token arrives, and no cache keeps it', async (to, status, location) => {
    const ada = use()
    const response = await ada.fetch(`/steer/${to}`)
    expect([response.status, response.headers.get('location')]).toEqual([status, location])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('a login that cannot be stored is a 503 in place of the redirect', async () => {
    const response = await use({ store: failingStore('create') }).fetch('/steer/redirect')
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      503,
      null,
      [],
    ])
  })

  test('a prefetch of a link runs no handler: it neither logs in nor out', async () => {
    let runs = 0
    const handle = async (session: TestSession): Promise<Response> => {
      runs++
      await session.logout()
      return new Response('bye')
    }
    const ada = use({}, { act: login, handle })
    await submit(ada)
    const headers = { rsc: '1', 'next-router-prefetch': '1' }
    const sent = await ada.fetch('/any', { headers })
    // Next tells the address under which caches may keep it.
    const response = await ada.fetch(sent.headers.get('location') ?? '/any', { headers })
    expect([response.status, await response.text(), response.headers.getSetCookie()]).toEqual([204, '', []])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(runs).toBe(0)
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('readSession in a route handler shows the same session', async () => {
    const visitor = use(
      {},
      {
        async handle(session) {
          await session.login('ada')
          return new Response((await readSession(server.shared.sessions)).userId)
        },
      },
    )
    expect(await (await visitor.fetch('/any')).text()).toBe('ada')
  })

  test('a wrapper inside a wrapper continues with its session', async () => {
    const visitor = use(
      {},
      {
        async handle(session) {
          const inner = withSession(server.shared.sessions, async (_, same) => new Response(String(same === session)))
          const request = new Request('http://unused/')
          server.shared.sessions.attach(request, session)
          return inner(request)
        },
      },
    )
    expect(await (await visitor.fetch('/any')).text()).toBe('true')
  })
})

/** More than an hour, after which a token is renewed. */
async function readPages(visitor: Visitor): Promise<void> {
  for (let round = 0; round < 4; round++) {
    nowMs += 20 * 60_000
    await shownOf(await visitor.fetch('/hook'))
  }
}

describe('forged forwarding headers', () => {
  const forged = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }

  test.each([
    ['nobody is believed', {}, null, false],
    ['a proxy is', { trustProxy: 1 }, '203.0.113.9', true],
  ] as const)('%s', async (_, options, peer, secure) => {
    const { guard, views } = spyGuard()
    use({ guards: [guard] })
    const { next } = server.shared
    Object.assign(server.shared, {
      next: { ...next, readSession: (sessions: Parameters<typeof readSession>[0]) => readSession(sessions, options) },
    })
    await (await fetch(`${server.origin}/hook`, { headers: forged })).text()
    Object.assign(server.shared, { next })
    expect(views.map((view) => [view.peer, view.secure, view.canSetHeaders])).toEqual([[peer, secure, false]])
  })

  test('without a proxy, the request looks like one', async () => {
    const { guard, views } = spyGuard()
    await (await use({ guards: [guard] }).fetch('/any')).text()
    expect(views[0]?.header('x-forwarded-for')).toBeNull()
    expect(views[0]?.url).toBe('/any')
  })
})

describe('the proxy', () => {
  test('renews the token of somebody who only reads pages', async () => {
    const ada = use({}, { act: login })
    const [first = ''] = (await submit(ada)).headers.getSetCookie()
    await readPages(ada)
    const response = await ada.fetch('/proxied/page')
    const [second = ''] = response.headers.getSetCookie()
    expect(second).toMatch(/^session=[\w-]{54}; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(second).not.toBe(first)
    expect(await response.text()).toContain('ada accepted')
    expect(await (await ada.fetch('/proxied/page')).text()).toContain('ada accepted')
  })

  test('a static page that carries a renewed token: no shared cache keeps it', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    await readPages(ada)
    const response = await ada.fetch('/proxied/fixed')
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('prefetches renew nothing', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    await readPages(ada)
    const response = await ada.fetch('/proxied/page', { headers: { 'next-router-prefetch': '1', rsc: '1' } })
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('a login behind a proxy that renews: the token of the login is the last', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    await readPages(ada)
    const response = await ada.fetch('/proxied/login', { method: 'POST', headers: { origin: server.origin } })
    expect(response.headers.getSetCookie().length).toBeGreaterThan(1)
    expect(await shownOf(await ada.fetch('/hook'))).toBe('ada')
  })

  test('a store that cannot be read is a 503', async () => {
    const ada = use({}, { act: login })
    await submit(ada)
    Object.assign(server.shared, { sessions: createSessions({ store: failingStore('read') }) })
    const response = await ada.fetch('/proxied/page')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  })
})

test('the files of the page about Next.js are those of the application in next-guide', () => {
  const here = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
  const page = here('../../../../docs/guide/nextjs.md')
  const files = [...page.matchAll(/```tsx\n\/\/ (\S+)\n([\s\S]*?)```/g)]
  expect(files.map(([, name]) => name)).toEqual(
    expect.arrayContaining([
      'sessions.ts',
      'app/shop/page.tsx',
      'app/shop/actions.ts',
      'app/api/me/route.ts',
      'proxy.ts',
    ]),
  )
  for (const [, name = '', code] of files) expect(code).toBe(here(`next-guide/${name}`))
})

describe('mistakes', () => {
  test('no sessions, no handler, unknown options', () => {
    type Loose = (...args: unknown[]) => unknown
    const sessions = createSessions()
    for (const wrap of [withSession, withActionSession] as unknown as Loose[]) {
      expect(() => wrap(undefined, () => {})).toThrow(/createSessions/)
      expect(() => wrap(sessions)).toThrow(/got no handler/)
      expect(() => wrap(sessions, () => {}, { proxy: 1 })).toThrow(/no option "proxy"/)
    }
  })

  test('outside of a request, Next says so', async () => {
    await expect(readSession(createSessions())).rejects.toThrow(/outside a request scope/)
  })
})
