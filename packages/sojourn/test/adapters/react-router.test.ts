import { redirect, type SessionStorage } from 'react-router'
import { createSessions, type Sessions } from 'sojourn'
import { reactRouterSessions, reactRouterStorage, requireUser, sessionContext } from 'sojourn/react-router'
import { afterEach, describe, expect, test } from 'vitest'
import { type ReactRouterApp, serveReactRouter } from './support/react-router.ts'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { createVisitor } from './support/visitor.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Data = Record<string, string>

async function serve(
  sessions: Sessions<Data>,
  answer: ReactRouterApp['answer'],
  more: Partial<ReactRouterApp> = {},
): Promise<string> {
  const { origin, close } = await serveReactRouter({ middleware: [reactRouterSessions(sessions)], answer, ...more })
  closing.push(close)
  return origin
}

const COOKIE = [expect.stringMatching(/^session=[\w-]{54};/)]

describe('reactRouterSessions', () => {
  test('the session is the same by both names', async () => {
    const sessions = createSessions<Data>()
    const origin = await serve(sessions, ({ context }) =>
      Response.json((context.get(sessionContext) as unknown) === sessions.get(context)),
    )
    expect(await (await fetch(origin)).json()).toBe(true)
  })

  test('a login in the action of a page, and in one that is sent by script, reaches the browser', async () => {
    for (const path of ['/page', '/page.data']) {
      const sessions = createSessions<Data>({ store: lateStore() })
      const origin = await serve(sessions, () => null, {
        async page({ context, request }) {
          if (request.method === 'POST') await sessions.get(context).login('ada')
          return { user: sessions.get(context).userId }
        },
      })
      const visitor = createVisitor(origin)
      const login = await visitor.fetch(path, { method: 'POST' })
      expect(login.headers.getSetCookie()).toEqual(COOKIE)
      const page = await visitor.fetch(path)
      expect(await page.text()).toContain('ada')
      expect(page.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('a redirect that is thrown after a login carries the cookie, to a browser and to a script', async () => {
    for (const [path, status] of [
      ['/page', 302],
      ['/page.data', 202],
    ] as const) {
      const sessions = createSessions<Data>({ store: lateStore() })
      const origin = await serve(sessions, () => null, {
        async page({ context }) {
          await sessions.get(context).login('ada')
          throw redirect('/home')
        },
      })
      const response = await fetch(origin + path, { method: 'POST', redirect: 'manual' })
      expect([response.status, response.headers.getSetCookie()]).toEqual([status, COOKIE])
    }
  })

  test('an error after a login shows the error page, which carries the cookie', async () => {
    const sessions = createSessions<Data>()
    const origin = await serve(sessions, () => null, {
      async page({ context }) {
        await sessions.get(context).login('ada')
        throw new Error('of the loader')
      },
    })
    const response = await fetch(`${origin}/page`)
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, COOKIE])
  })

  test('mounted twice, there is one session and one cookie', async () => {
    const sessions = createSessions<Data>()
    const login: ReactRouterApp['answer'] = async ({ context }) => {
      await sessions.get(context).login('ada')
      return new Response()
    }
    const origin = await serve(sessions, login, {
      middleware: [reactRouterSessions(sessions), reactRouterSessions(sessions)],
    })
    expect((await fetch(origin, { headers: SOME_TOKEN })).headers.getSetCookie()).toEqual(COOKIE)
  })

  test.each(['read', 'create'] as const)('an outage is a 503 that says when to come again (%s)', async (operation) => {
    const sessions = createSessions<Data>({ store: failingStore(operation) })
    const origin = await serve(sessions, ({ context }) => {
      sessions.get(context).data.theme = 'dark'
      return new Response('secret')
    })
    const response = await fetch(origin, { headers: SOME_TOKEN })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).not.toContain('secret')
  })

  test("the client's address is the server's own, and a proxy's if it is trusted", async () => {
    const { guard, views } = spyGuard()
    const sessions = createSessions<Data>({ guards: [guard] })
    const peer = (): string => '10.0.0.7'
    const origin = await serve(sessions, () => new Response(), {
      middleware: [reactRouterSessions(sessions, { peer, trustProxy: 1 })],
    })
    await fetch(`${origin}/a?x=1`, { headers: { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' } })
    expect(views.map(({ url, secure, peer }) => ({ url, secure, peer }))).toEqual([
      { url: '/a?x=1', secure: true, peer: '192.0.2.7' },
    ])
  })

  test('what a loader edits after its client has left is reported, and stored by save', async () => {
    const sessions = createSessions<Data>({ store: lateStore(), warn: () => {} })
    const faults: unknown[] = []
    sessions.on('fault', ({ operation }) => faults.push(operation))
    let arrive = (): void => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    let done = (): void => {}
    const stored = new Promise<void>((resolve) => {
      done = resolve
    })
    const origin = await serve(sessions, async ({ context, request }) => {
      const session = sessions.get(context)
      const { pathname } = new URL(request.url)
      if (pathname === '/login') await session.login('ada')
      if (pathname !== '/slow') return Response.json(session.data)
      arrive()
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      await new Promise((resolve) => setImmediate(resolve))
      session.data.theme = 'dark'
      await session.save()
      done()
      return null
    })
    const visitor = createVisitor(origin)
    await visitor.fetch('/login', { method: 'POST' })
    const leaving = new AbortController()
    const left = visitor.fetch('/slow', { signal: leaving.signal }).catch(() => 'left')
    await arrived
    leaving.abort()
    expect(await left).toBe('left')
    await stored
    expect(faults).toEqual(['edit'])
    expect(await (await visitor.fetch('/')).json()).toEqual({ theme: 'dark' })
  })

  test('a page that is loaded by its data is sent to sign in, and comes back to the page', async () => {
    const sessions = createSessions<Data>()
    const middleware = [reactRouterSessions(sessions), requireUser({ signIn: '/sign-in' })]
    const origin = await serve(sessions, () => new Response('secret'), { middleware, page: () => 'secret' })
    const response = await fetch(`${origin}/page.data?tab=a`, {
      headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    })
    const text = await response.text()
    expect([response.status, text]).toEqual([202, expect.stringContaining('/sign-in?returnTo=%2Fpage%3Ftab%3Da')])
    expect(text).not.toContain('secret')
  })

  test('without the flag v8_passThroughRequests, it gets the reason, as any script does', async () => {
    const sessions = createSessions<Data>()
    const middleware = [reactRouterSessions(sessions), requireUser({ signIn: '/sign-in' })]
    const origin = await serve(sessions, () => null, { middleware, page: () => 'secret', passThrough: false })
    const response = await fetch(`${origin}/page.data`)
    expect([response.status, await response.json()]).toMatchObject([401, { reason: 'signed-out' }])
  })
})

describe("loaders and actions that are written for React Router's SessionStorage", () => {
  /** As its documentation writes them. */
  async function setUp(userKey?: string) {
    const sessions = createSessions<Data>({ store: lateStore() })
    const storage: SessionStorage<Data> = reactRouterStorage(sessions, { userKey })
    const { getSession, commitSession, destroySession } = storage
    const origin = await serve(sessions, async ({ request }) => {
      const session = await getSession(request.headers.get('Cookie'))
      const { pathname, searchParams } = new URL(request.url)
      if (pathname === '/logout') return redirect('/', { headers: { 'Set-Cookie': await destroySession(session) } })
      for (const [name, value] of searchParams) {
        if (pathname === '/set') session.set(name, value)
        else if (pathname === '/flash') session.flash(name, value)
        else if (pathname === '/unset') session.unset(name)
        else return Response.json([session.has(name), session.get(name) ?? null, session.has(name)])
      }
      const headers = { 'Set-Cookie': await commitSession(session) }
      return Response.json({ id: session.id, data: session.data }, { headers })
    })
    const visitor = createVisitor(origin)
    return { sessions, visitor, json: async (path: string) => (await visitor.fetch(path)).json() }
  }

  test('values are set, read and unset, and the cookie is sent once', async () => {
    const { visitor, json } = await setUp()
    const first = await visitor.fetch('/set?theme=dark&size=2')
    expect(first.headers.getSetCookie()).toEqual(COOKIE)
    expect(await json('/?theme')).toEqual([true, 'dark', true])
    expect(await json('/unset?theme')).toMatchObject({ data: { size: '2' } })
    expect(await json('/?theme')).toEqual([false, null, false])
  })

  test('a flashed value is there for one request', async () => {
    const { json } = await setUp()
    await json('/flash?note=Saved.')
    expect(await json('/?note')).toEqual([true, 'Saved.', false])
    expect(await json('/?note')).toEqual([false, null, false])
  })

  test('session fixation: setting the user is a login, which gives a fresh token and ends the old one', async () => {
    const { sessions, visitor, json } = await setUp('userId')
    await visitor.fetch('/set?theme=dark')
    const before = await json('/set?theme=light')
    const login = await visitor.fetch('/set?userId=ada')
    expect(login.headers.getSetCookie()).toEqual(COOKIE)
    const after = (await login.json()) as { id: string; data: object }
    expect(after.data).toEqual({ theme: 'light', userId: 'ada' })
    expect(after.id).not.toBe((before as { id: string }).id)
    expect(await sessions.list('ada')).toEqual([expect.objectContaining({ id: after.id })])
    expect(await json('/?userId')).toEqual([true, 'ada', true])
    expect((await visitor.fetch('/set?userId=ada')).headers.getSetCookie()).toEqual([])
    await json('/unset?userId')
    expect(await sessions.list('ada')).toEqual([])
    expect(await json('/?userId')).toEqual([false, null, false])
  })

  test('destroySession logs out', async () => {
    const { sessions, visitor, json } = await setUp('userId')
    await visitor.fetch('/set?userId=ada')
    const response = await visitor.fetch('/logout', { redirect: 'manual' })
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^session=;/)])
    expect([await sessions.list('ada'), await json('/?userId')]).toEqual([[], [false, null, false]])
  })

  test('outside of the middleware, the error says where it works', async () => {
    const { getSession } = reactRouterStorage(createSessions())
    await expect(getSession(null)).rejects.toMatchObject({
      code: 'ERR_NO_SESSION',
      message: expect.stringContaining('reactRouterSessions'),
    })
  })
})
