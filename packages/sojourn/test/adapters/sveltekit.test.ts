import { createSessions, memoryStore } from 'sojourn'
import { requireUser, type SvelteKitHandle, svelteKitSessions } from 'sojourn/sveltekit'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { spyGuard } from './support/spy-guard.ts'
import { failingStore, lateStore, SOME_TOKEN } from './support/stores.ts'
import { serveSvelteKit } from './support/sveltekit.ts'
import { createVisitor } from './support/visitor.ts'

const closing: (() => unknown)[] = []
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Answer = Parameters<typeof serveSvelteKit>[0]['answer']

async function serve(handle: SvelteKitHandle, answer: Answer = () => new Response('an endpoint')): Promise<string> {
  const { origin, close } = await serveSvelteKit({ handle, answer })
  closing.push(close)
  return origin
}

/** As the form of a page sends it. */
const form = (name: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams({ name }),
  headers,
})

const COOKIE = [expect.stringMatching(/^session=[\w-]{54};/)]

describe('svelteKitSessions', () => {
  test('the session is the same by all names', async () => {
    const sessions = createSessions()
    const origin = await serve(svelteKitSessions(sessions), (event) => {
      const { locals, request } = event
      const all = [locals.session, sessions.get(event), sessions.get(locals), sessions.get(request)]
      return Response.json(all.every((one) => one === all[0]))
    })
    expect(await (await fetch(origin)).json()).toBe(true)
  })

  test('a form action logs in, and the page that follows knows the user', async () => {
    const visitor = createVisitor(await serve(svelteKitSessions(createSessions({ store: lateStore() }))))
    const login = await visitor.fetch('/page', form('ada', { accept: 'text/html' }))
    expect(login.headers.getSetCookie()).toEqual(COOKIE)
    expect(await login.text()).toContain('user: ada')
    const page = await visitor.fetch('/page')
    expect(await page.text()).toContain('user: ada')
    expect(page.headers.get('cache-control')).toBe('no-store')
    const data = await visitor.fetch('/page/__data.json')
    expect([await data.text(), data.headers.get('cache-control')]).toEqual([
      expect.stringContaining('"ada"'),
      expect.stringContaining('no-store'),
    ])
  })

  test('a login in a part of the page that is streamed says that it is too late', async () => {
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const handle = svelteKitSessions(createSessions({ warn: () => {} }))
    const { origin, close } = await serveSvelteKit({ handle, answer: () => new Response(), gate })
    closing.push(close)
    const response = await fetch(`${origin}/page?stream`)
    expect(response.headers.getSetCookie()).toEqual([])
    open()
    expect(await response.text()).toContain('ERR_HEADERS_SENT')
  })

  test('the error page of a load function carries the cookie of a login before it', async () => {
    const mount = svelteKitSessions(createSessions())
    const origin = await serve((input) =>
      mount({
        ...input,
        async resolve(event) {
          await (event.locals as App.Locals).session.login('ada')
          return input.resolve(event)
        },
      }),
    )
    const response = await fetch(`${origin}/page?fail`)
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, COOKIE])
  })

  test("a login in an endpoint that a load function calls reaches the browser, and the page's own session does not undo it", async () => {
    const sessions = createSessions({ store: lateStore() })
    const origin = await serve(svelteKitSessions(sessions), async ({ locals }) => {
      await locals.session.login('ada')
      return new Response('logged in')
    })
    const visitor = createVisitor(origin)
    const page = await visitor.fetch('/inner')
    expect(await page.text()).toContain('logged in')
    expect(page.headers.getSetCookie()).toHaveLength(1)
    expect(await (await visitor.fetch('/page')).text()).toContain('user: ada')
  })

  test('mounted twice, there is one session and one cookie', async () => {
    const sessions = createSessions()
    const [outer, inner] = [svelteKitSessions(sessions), svelteKitSessions(sessions)]
    const origin = await serve(
      ({ event, resolve }) => outer({ event, resolve: (same) => inner({ event: same, resolve }) }),
      async ({ locals }) => {
        await locals.session.login('ada')
        return new Response()
      },
    )
    expect((await fetch(origin, { headers: SOME_TOKEN })).headers.getSetCookie()).toEqual(COOKIE)
  })

  test.each(['read', 'create'] as const)('an outage is a 503 that says when to come again (%s)', async (operation) => {
    const sessions = createSessions({ store: failingStore(operation) })
    const origin = await serve(svelteKitSessions(sessions), ({ locals }) => {
      locals.session.data.theme = 'dark'
      return new Response('secret')
    })
    const response = await fetch(origin, { headers: SOME_TOKEN })
    expect([response.status, response.headers.get('retry-after'), response.headers.getSetCookie()]).toEqual([
      503,
      '1',
      [],
    ])
    expect(await response.text()).not.toContain('secret')
  })

  test("the client's address is SvelteKit's, and unknown where its adapter does not know it", async () => {
    const { guard, views } = spyGuard()
    const mount = svelteKitSessions(createSessions({ guards: [guard] }))
    const origin = await serve(mount)
    await fetch(`${origin}/a?x=1`)
    const event = {
      request: new Request('https://shop.example/b'),
      url: new URL('https://shop.example/b'),
      locals: {},
      isDataRequest: false,
      getClientAddress(): string {
        throw new Error('The adapter does not specify getClientAddress.')
      },
    }
    await mount({ event, resolve: () => new Response() })
    expect(views.map(({ url, secure, peer }) => ({ url, secure, peer }))).toEqual([
      { url: '/a?x=1', secure: false, peer: '127.0.0.1' },
      { url: '/b', secure: true, peer: null },
    ])
  })

  test('a page that is built before there are visitors has no session, says so, and asks no store', async () => {
    const store = memoryStore()
    const read = vi.spyOn(store, 'read')
    const seen: unknown[] = []
    const handle = svelteKitSessions(createSessions({ store }), { building: true })
    const origin = await serve(handle, ({ locals }) => {
      try {
        locals.session.userId
      } catch (error) {
        seen.push(error)
      }
      return new Response('built')
    })
    expect(await (await fetch(origin, { headers: SOME_TOKEN })).text()).toBe('built')
    expect(seen).toEqual([
      expect.objectContaining({ code: 'ERR_NO_SESSION', message: expect.stringContaining('prerender = false') }),
    ])
    expect(read).not.toHaveBeenCalled()
  })
})

describe("a requirement answers SvelteKit's own scripts in the form that they obey", () => {
  async function protect(): Promise<string> {
    const account = requireUser({ signIn: '/sign-in' })
    const mount = svelteKitSessions(createSessions())
    return serve(({ event, resolve }) => mount({ event, resolve: (same) => account({ event: same, resolve }) }))
  }

  test('a page that is loaded by its data goes to the sign-in, and comes back to the page', async () => {
    const response = await fetch(`${await protect()}/page/__data.json?tab=a`, {
      headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    })
    expect([response.status, await response.json()]).toEqual([
      200,
      { type: 'redirect', location: '/sign-in?returnTo=%2Fpage%3Ftab%3Da' },
    ])
  })

  test('a form that is sent by script goes to the sign-in, and comes back to its page', async () => {
    const origin = await protect()
    const headers = { 'x-sveltekit-action': 'true', referer: `${origin}/page?tab=a`, accept: 'application/json' }
    const response = await fetch(`${origin}/page`, form('ada', headers))
    expect(await response.json()).toEqual({
      type: 'redirect',
      status: 303,
      location: '/sign-in?returnTo=%2Fpage%3Ftab%3Da',
    })
  })

  test('an endpoint answers a script with a reason', async () => {
    const response = await fetch(`${await protect()}/api`)
    expect([response.status, await response.json()]).toMatchObject([401, { reason: 'signed-out', page: '/sign-in' }])
  })
})
