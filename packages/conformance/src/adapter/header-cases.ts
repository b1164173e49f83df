import { assert, assertEqual } from '../assert.ts'
import { type AdapterCase, type AdapterHandler, type AdapterReply, ENDED, QUIET, STRICT } from './context.ts'
import { withWorld } from './world.ts'

/** Edits the session and answers with these headers. */
function editWith(...headers: NonNullable<AdapterReply['headers']>): AdapterHandler {
  return (session) => {
    session.data.theme = 'dark'
    return { headers, body: 'edited' }
  }
}

function oneRequest(name: string, handle: AdapterHandler, check: (response: Response) => void): AdapterCase {
  return { name, run: (ctx) => withWorld(ctx, handle, async (world) => check(await world.visitor().fetch())) }
}

function varyNames(response: Response): string[] {
  const names = (response.headers.get('vary') ?? '').toLowerCase().split(',')
  return names.map((name) => name.trim()).filter((name) => name !== '')
}

export const headerCases: readonly AdapterCase[] = [
  oneRequest('a new session sets its cookie and is kept out of caches', editWith(), (response) => {
    assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
    assert(/; httponly/i.test(response.headers.getSetCookie()[0] ?? ''), 'the cookie has its attributes')
    assertEqual(response.headers.get('cache-control'), 'no-store', 'Cache-Control')
    assertEqual(varyNames(response), ['cookie'], 'Vary')
  }),
  oneRequest(
    "the application's own Cache-Control stays",
    editWith(['cache-control', 'private, max-age=5']),
    (response) => {
      assertEqual(response.headers.get('cache-control'), 'private, max-age=5', 'Cache-Control')
      assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
    },
  ),
  oneRequest(
    "the application's own cookies stay beside the session's",
    editWith(['set-cookie', 'first=1; Path=/'], ['set-cookie', 'second=2; Path=/; Secure']),
    (response) => {
      const cookies = response.headers.getSetCookie()
      assertEqual(cookies.length, 3, 'cookies set')
      assert(cookies.includes('first=1; Path=/'), 'the first of its own')
      assert(cookies.includes('second=2; Path=/; Secure'), 'the second of its own')
    },
  ),
  oneRequest("the application's own Vary stays", editWith(['vary', 'Accept-Encoding']), (response) => {
    assertEqual(varyNames(response).sort(), ['accept-encoding', 'cookie'], 'Vary')
  }),
  oneRequest('Vary names the cookie once', editWith(['vary', 'cookie, Origin']), (response) => {
    assertEqual(varyNames(response).sort(), ['cookie', 'origin'], 'Vary')
  }),
  oneRequest(
    "the response's own headers and status stay",
    (session) => {
      session.data.theme = 'dark'
      return {
        status: 201,
        headers: [
          ['etag', '"v1"'],
          ['content-type', 'text/css; charset=utf-8'],
        ],
        body: 'a{}',
      }
    },
    (response) => {
      assertEqual(response.status, 201, 'the status')
      assertEqual(response.headers.get('etag'), '"v1"', 'ETag')
      assertEqual(response.headers.get('content-type'), 'text/css; charset=utf-8', 'Content-Type')
    },
  ),
  {
    name: 'a request that leaves the session alone gets no cookie and no caching header',
    guarantee: QUIET,
    run: (ctx) =>
      withWorld(
        ctx,
        () => ({ body: 'public' }),
        async (world) => {
          const response = await world.visitor().fetch()
          assertEqual(response.headers.getSetCookie(), [], 'cookies set')
          assertEqual(response.headers.get('cache-control'), null, 'Cache-Control')
          assertEqual(response.headers.get('vary'), null, 'Vary')
        },
      ),
  },
  {
    name: 'reading the session writes nothing and sets no cookie, and only the browser may cache it',
    guarantee: QUIET,
    run: (ctx) =>
      withWorld(
        ctx,
        (session) => ({ body: String(session.data.theme) }),
        async (world) => {
          const written: string[] = []
          world.intercept((operation) => void (operation === 'read' || written.push(operation)))
          const response = await world.visitor().fetch()
          assertEqual(response.headers.getSetCookie(), [], 'cookies set')
          assert(/\bprivate\b/.test(response.headers.get('cache-control') ?? ''), 'Cache-Control says private')
          assertEqual(varyNames(response), ['cookie'], 'Vary')
          assertEqual(written, [], 'writes')
        },
      ),
  },
  {
    name: 'logout takes the cookie away',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, logInOrOut, async (world) => {
        const visitor = world.visitor()
        await visitor.fetch('/login', { method: 'POST' })
        assertEqual(visitor.jar.size, 1, 'cookies after login')
        const token = visitor.cookie()
        await visitor.fetch('/logout', { method: 'POST' })
        assertEqual(visitor.jar.size, 0, 'cookies after logout')
        const replayed = await world.visitor().fetch('/', { headers: { cookie: token } })
        assertEqual(await replayed.text(), 'null', 'who the old cookie is')
      }),
  },
  {
    name: 'beside a dead cookie of the same name, the live one counts',
    guarantee: STRICT,
    run: (ctx) =>
      withWorld(ctx, logInOrOut, async (world) => {
        const visitor = world.visitor()
        await visitor.fetch('/login', { method: 'POST' })
        const live = visitor.cookie()
        const [name = '', token = ''] = live.split('=')
        const dead = `${name}=${'A'.repeat(token.length)}`
        for (const cookie of [`${dead}; ${live}`, `${live}; other=1; ${dead}`]) {
          const response = await world.visitor().fetch('/', { headers: { cookie } })
          assertEqual(await response.text(), 'user-1', 'who the two together are')
        }
      }),
  },
]

const logInOrOut: AdapterHandler = async (session, request) => {
  if (request.url === '/login') await session.login('user-1')
  if (request.url === '/logout') await session.logout()
  return { body: String(session.userId) }
}
