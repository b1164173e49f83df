import { type Carrier, cookieCarrier, type HeaderChange } from 'sojourn'
import { assert, assertEqual } from '../assert.ts'
import {
  type AdapterCase,
  type AdapterContext,
  type AdapterHandler,
  type AdapterReply,
  ENDED,
  FRESH_TOKEN,
  QUIET,
  STRICT,
} from './context.ts'
import { type World, withWorld } from './world.ts'

/** Edits the session and answers with these headers. */
function editWith(...headers: NonNullable<AdapterReply['headers']>): AdapterHandler {
  return (session) => {
    session.data.theme = 'dark'
    return { headers, body: 'edited' }
  }
}

function oneRequest(
  name: string,
  handle: AdapterHandler,
  check: (response: Response, ctx: AdapterContext) => void,
): AdapterCase {
  return { name, run: (ctx) => withWorld(ctx, handle, async (world) => check(await world.visitor().fetch(), ctx)) }
}

/** Without the names that the framework adds to every response. */
function varyNames(response: Response, { vary = [] }: AdapterContext): string[] {
  const names = (response.headers.get('vary') ?? '').toLowerCase().split(',')
  return names.map((name) => name.trim()).filter((name) => name !== '' && !vary.includes(name))
}

export const headerCases: readonly AdapterCase[] = [
  oneRequest('a new session sets its cookie and is kept out of caches', editWith(), (response, ctx) => {
    assertEqual(response.headers.getSetCookie().length, 1, 'cookies set')
    assert(/; httponly/i.test(response.headers.getSetCookie()[0] ?? ''), 'the cookie has its attributes')
    assertEqual(response.headers.get('cache-control'), 'no-store', 'Cache-Control')
    assertEqual(varyNames(response, ctx), ['cookie'], 'Vary')
  }),
  oneRequest(
    "where the session was only read, the application's own Cache-Control stays",
    (session) => ({ headers: [['cache-control', 'public, max-age=5']], body: String(session.data.theme) }),
    (response, ctx) => {
      assertEqual(response.headers.get('cache-control'), 'public, max-age=5', 'Cache-Control')
      assertEqual(varyNames(response, ctx), ['cookie'], 'Vary')
    },
  ),
  {
    name: 'a shared cache never hands out a token: no header of the application lets it store one',
    guarantee: FRESH_TOKEN,
    run: (ctx) =>
      withWorld(ctx, logInOrOut('public'), async (world) => {
        const visitor = world.visitor()
        for (const path of ['/login', '/logout']) {
          const response = await visitor.fetch(path, { method: 'POST' })
          assertEqual(response.headers.getSetCookie().length, 1, `cookies set by ${path}`)
          assertEqual(response.headers.get('cache-control'), 'no-store', 'Cache-Control')
          const left = FOR_CACHES.filter((name) => response.headers.has(name))
          assertEqual(left, [], 'headers that a cache obeys before Cache-Control')
        }
      }),
  },
  {
    name: "the application's own cookies are kept beside the session's",
    guarantee: FRESH_TOKEN,
    run: (ctx) => withWorld(ctx, logInOrOut('cookies'), ownCookiesStay),
  },
  {
    name: 'headers that a carrier appends are kept beside those of the application',
    run: (ctx) =>
      withWorld(
        ctx,
        editWith(['x-notes', 'its own']),
        async (world) => {
          const { headers } = await world.visitor().fetch()
          assertEqual(headers.get('x-notes'), 'its own, of the carrier', 'x-notes')
        },
        { carriers: [talkativeCarrier()] },
      ),
  },
  oneRequest("the application's own Vary stays", editWith(['vary', 'Accept-Encoding']), (response, ctx) => {
    assertEqual(varyNames(response, ctx).sort(), ['accept-encoding', 'cookie'], 'Vary')
  }),
  oneRequest('Vary names the cookie once', editWith(['vary', 'cookie, Origin']), (response, ctx) => {
    assertEqual(varyNames(response, ctx).sort(), ['cookie', 'origin'], 'Vary')
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
          assertEqual(varyNames(response, ctx), [], 'Vary')
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
          assertEqual(varyNames(response, ctx), ['cookie'], 'Vary')
          assertEqual(written, [], 'writes')
        },
      ),
  },
  {
    name: 'a logout removes the cookie',
    guarantee: ENDED,
    run: (ctx) =>
      withWorld(ctx, logInOrOut(), async (world) => {
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
    name: 'a live cookie beside a dead one of the same name is used',
    guarantee: STRICT,
    run: (ctx) =>
      withWorld(ctx, logInOrOut(), async (world) => {
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

/** Headers of HTTP and of CDNs that some caches obey before `Cache-Control`. */
const FOR_CACHES = [
  'expires',
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'netlify-cdn-cache-control',
  'akamai-cache-control',
  'surrogate-control',
  'edge-control',
  'x-litespeed-cache-control',
  'x-accel-expires',
]

const OWN_HEADERS = {
  none: [],
  cookies: [
    ['set-cookie', 'first=1; Path=/'],
    ['set-cookie', 'second=2; Path=/; Secure'],
  ],
  public: [
    ['Cache-Control', 'public, max-age=86400'],
    ...FOR_CACHES.map((name): readonly [string, string] => [name, 'max-age=86400']),
  ],
} satisfies Record<string, AdapterReply['headers']>

function logInOrOut(headers: keyof typeof OWN_HEADERS = 'none'): AdapterHandler {
  return async (session, request) => {
    if (request.url === '/login') await session.login('user-1')
    if (request.url === '/logout') await session.logout()
    return { body: String(session.userId), headers: OWN_HEADERS[headers] }
  }
}

async function ownCookiesStay(world: World): Promise<void> {
  const visitor = world.visitor()
  const response = await visitor.fetch('/login', { method: 'POST' })
  const cookies = response.headers.getSetCookie()
  assertEqual(cookies.length, 3, 'cookies set')
  assert(cookies.includes('first=1; Path=/'), 'the first of its own')
  assert(cookies.includes('second=2; Path=/; Secure'), 'the second of its own')
  const line = cookies.find((cookie) => !/^(first|second)=/.test(cookie)) ?? ''
  assert(/^[\w-]+=[\w-]+(; [A-Za-z-]+(=[\w/]+)?)+$/.test(line), "the session's cookie is a line of its own, and whole")
  assert(line.endsWith('; Path=/; HttpOnly; SameSite=Lax'), "the session's cookie has its attributes")
  const [cookie = ''] = line.split(';')
  const next = await world.visitor().fetch('/', { headers: { cookie } })
  assertEqual(await next.text(), 'user-1', 'who the session is on the next request')
}

/** A carrier that sets a cookie and appends to another header. */
function talkativeCarrier(): Carrier {
  const carrier = cookieCarrier()
  const note: HeaderChange = { name: 'x-notes', value: 'of the carrier', how: 'append' }
  return { ...carrier, write: (...given) => [...carrier.write(...given), note] }
}
