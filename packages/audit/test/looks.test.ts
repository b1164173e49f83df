import { auditApplication, checks, type Recipe } from '@sojourn/audit'
import { describe, expect, test, vi } from 'vitest'
import { audit, verdicts } from './support/audit.ts'
import { ALICE, cookieApp } from './support/cookie-app.ts'
import { serveTls } from './support/serve.ts'
import { type App, type Ask, listenerOf, type Reply } from './support/web.ts'

vi.setConfig({ testTimeout: 60_000 })

/** The well-behaved application, but for what `change` does to its answers. */
function twisted(change: (reply: Reply, ask: Ask) => Reply): App {
  const app = cookieApp()
  return async (ask) => change(await app(ask), ask)
}

const judge = async (app: App, id: string, recipe?: Recipe) => verdicts(await audit(app, [id], recipe && { recipe }))

describe('cache-headers', () => {
  const withCache = (value: string | null) =>
    twisted((reply, { path }) =>
      path === '/account' && reply.html
        ? { ...reply, headers: value === null ? {} : { 'cache-control': value } }
        : reply,
    )

  test.each([
    ['no-store', 'pass'],
    ['private, max-age=0', 'inform'],
    ['public, max-age=60', 'fail'],
    [null, 'fail'],
  ] as const)('%s: %s', async (value, verdict) => {
    expect(await judge(withCache(value), 'cache-headers')).toMatchObject({
      'cache-headers/page of a logged-in user': verdict,
    })
  })
})

describe('exposure', () => {
  test('an application that shows nothing is not accused', async () => {
    expect(new Set(Object.values(await judge(cookieApp(), 'exposure')))).toEqual(new Set(['pass']))
  })

  test('an id in a link is found', async () => {
    const app = twisted((reply, { cookies }) =>
      reply.html === undefined
        ? reply
        : { ...reply, html: `${reply.html}<a href="/x?sid=${cookies.get('sid')}">on</a>` },
    )
    expect(await judge(app, 'exposure')).toMatchObject({ 'exposure/addresses': 'fail', 'exposure/pages': 'fail' })
  })

  test('an id in an error page is found', async () => {
    const app = twisted((reply, { cookies }) =>
      reply.status === 404 ? { ...reply, html: `no such page, ${cookies.get('sid')}` } : reply,
    )
    expect(await judge(app, 'exposure')).toMatchObject({ 'exposure/addresses': 'pass', 'exposure/pages': 'fail' })
  })

  test('an id that is taken from the address is found', async () => {
    const app = cookieApp()
    const takes: App = (ask) => app({ ...ask, cookies: ask.query.has('sid') ? new Map(ask.query) : ask.cookies })
    expect(await judge(takes, 'exposure')).toMatchObject({ 'exposure/taken from an address': 'fail' })
  })
})

describe('unknown-ids', () => {
  test('an application that refuses them quietly is not accused', async () => {
    expect(await judge(cookieApp(), 'unknown-ids')).toEqual({
      'unknown-ids/malformed ids': 'pass',
      'unknown-ids/guessing': 'inform',
    })
  })

  test('an id that breaks the server is found', async () => {
    const app = twisted((reply, { cookies }) =>
      cookies.get('sid')?.includes('%') ? { status: 500, html: 'oh' } : reply,
    )
    expect(await judge(app, 'unknown-ids')).toMatchObject({ 'unknown-ids/malformed ids': 'fail' })
  })

  test('a stack trace is found', async () => {
    const trace = 'Error: bad id\n    at open (/srv/app/session.js:10:5)'
    const app = twisted((reply, { cookies }) =>
      cookies.get('sid')?.includes('..') ? { status: 400, html: trace } : reply,
    )
    expect(await judge(app, 'unknown-ids')).toMatchObject({ 'unknown-ids/malformed ids': 'fail' })
  })

  test('a limit on guesses is seen', async () => {
    let unknown = 0
    const app = twisted((reply, { path, cookies }) =>
      path === '/account' && cookies.has('sid') && reply.to !== undefined && ++unknown > 20 ? { status: 429 } : reply,
    )
    expect(await judge(app, 'unknown-ids')).toMatchObject({ 'unknown-ids/guessing': 'pass' })
  })
})

describe('cross-origin-reads', () => {
  const withCors = (
    allow: (origin: string) => string | null,
    sameSite: '' | '; SameSite=None; Secure' = '; SameSite=None; Secure',
  ) =>
    twisted((reply, { headers }) => {
      const allowed = headers.origin === undefined ? null : allow(headers.origin)
      return {
        ...reply,
        cookies: (reply.cookies ?? []).map((line) =>
          sameSite === '' ? line : line.replace('; SameSite=Lax', sameSite),
        ),
        headers: {
          ...reply.headers,
          ...(allowed !== null && {
            'access-control-allow-origin': allowed,
            'access-control-allow-credentials': 'true',
          }),
        },
      }
    })

  test('a list of origins is not accused', async () => {
    expect(
      await judge(
        withCors((origin) => (origin === 'https://friend.example' ? origin : null)),
        'cross-origin-reads',
      ),
    ).toEqual({ 'cross-origin-reads/CORS': 'pass' })
  })

  test('an echo of any origin is found', async () => {
    expect(
      await judge(
        withCors((origin) => origin),
        'cross-origin-reads',
      ),
    ).toEqual({ 'cross-origin-reads/CORS': 'fail' })
  })

  test('a comparison of the beginning only is found', async () => {
    const begins = (origin: string) => (origin.startsWith('http://127.0.0.1') ? origin : null)
    expect(await judge(withCors(begins), 'cross-origin-reads')).toEqual({ 'cross-origin-reads/CORS': 'fail' })
  })

  test('an echo that SameSite makes harmless is said, not called a failure', async () => {
    expect(
      await judge(
        withCors((origin) => origin, ''),
        'cross-origin-reads',
      ),
    ).toEqual({ 'cross-origin-reads/CORS': 'inform' })
  })
})

describe('cookie-tossing', () => {
  /** The same application under a prefixed name, compared exactly or not. */
  function prefixed(exactly: boolean): App {
    const app = cookieApp()
    return async (ask) => {
      const found = [...ask.cookies].find(
        ([name]) => (exactly ? name : name.replace(/^__host-/i, '__Host-')) === '__Host-sid',
      )
      const reply = await app({ ...ask, cookies: new Map(found === undefined ? [] : [['sid', found[1]]]) })
      return {
        ...reply,
        cookies: (reply.cookies ?? []).map((line) => (line.startsWith('sid=') ? `__Host-${line}; Secure` : line)),
      }
    }
  }

  test('a name that is compared exactly is not accused', async () => {
    expect(await judge(prefixed(true), 'cookie-tossing')).toMatchObject({
      'cookie-tossing/cookie __Host-sid: case of the name': 'pass',
    })
  })

  test('a prefix that is taken in any case is found', async () => {
    expect(await judge(prefixed(false), 'cookie-tossing')).toMatchObject({
      'cookie-tossing/cookie __Host-sid: case of the name': 'fail',
    })
  })
})

describe('new-login-ends-old', () => {
  test('an application that ends the session before is not accused', async () => {
    expect(await judge(cookieApp(), 'new-login-ends-old')).toEqual({ 'new-login-ends-old/second login': 'pass' })
  })

  test('a session that lives on beside the new one is found', async () => {
    const app = cookieApp()
    const forgets: App = (ask) =>
      app(ask.path === '/login' && ask.method === 'POST' ? { ...ask, cookies: new Map() } : ask)
    expect(await judge(forgets, 'new-login-ends-old')).toEqual({ 'new-login-ends-old/second login': 'fail' })
  })
})

describe('puzzling', () => {
  const recipe: Recipe = {
    login: [{ post: '/login', form: { name: '${user}', password: '${password}' } }],
    loggedIn: { get: '/account' },
    logout: [{ get: '/logout' }],
    puzzles: [[{ post: '/forgotten', form: { name: '${user}' } }]],
  }

  test.each([
    [true, 'fail'],
    [false, 'pass'],
  ] as const)('a first step that logs in (%s): %s', async (logsIn, verdict) => {
    const app = cookieApp()
    const puzzle: App = (ask) => {
      if (ask.path !== '/forgotten') return app(ask)
      return logsIn ? app({ ...ask, path: '/login', body: ALICE }) : { html: 'a mail is on its way' }
    }
    expect(await judge(puzzle, 'puzzling', recipe)).toEqual({ 'puzzling/flow 1': verdict })
  })
})

describe('device-bound', () => {
  const offering = (header: string, registers: boolean, name = 'secure-session-registration') =>
    twisted((reply, { path, method, body }) => {
      if (path === '/dbsc') return registers ? { json: { session_identifier: 's' } } : { status: 403 }
      return path === '/login' && method === 'POST' && body.name ? { ...reply, headers: { [name]: header } } : reply
    })
  const good = '(ES256 RS256);path="/dbsc";challenge="abc"'

  test.each([
    ['not offered', cookieApp(), { 'device-bound/DBSC': 'not-applicable' }],
    [
      'offered rightly',
      offering(good, false),
      { 'device-bound/header': 'pass', 'device-bound/registration without proof': 'pass' },
    ],
    ['taken without proof', offering(good, true), { 'device-bound/registration without proof': 'fail' }],
    ['without a challenge', offering('(ES256);path="/dbsc"', false), { 'device-bound/header': 'fail' }],
    [
      'under the name of the first trial',
      offering(good, false, 'sec-session-registration'),
      { 'device-bound/header': 'fail' },
    ],
  ] as const)('%s', async (_, app, expected) => {
    expect(await judge(app, 'device-bound')).toMatchObject(expected)
  })
})

describe('over TLS', () => {
  const overTls = async (app: App) => {
    const served = await serveTls(listenerOf(app))
    try {
      const only = checks.filter(({ id }) => id === 'transport' || id === 'cookie-attributes')
      return verdicts(await auditApplication({ target: served.url, user: ALICE, insecureTls: true, checks: only }))
    } finally {
      await served.close()
    }
  }
  const careful = (): App => {
    const app = cookieApp({ attributes: '; Secure' })
    return async (ask) => {
      const reply = await app(ask)
      return { ...reply, headers: { ...reply.headers, 'strict-transport-security': 'max-age=31536000' } }
    }
  }

  test('an application that declares it is not accused', async () => {
    expect(await overTls(careful())).toMatchObject({
      'transport/Strict-Transport-Security': 'pass',
      'cookie-attributes/cookie sid: Secure': 'pass',
    })
  })

  test('a cookie without Secure, and no Strict-Transport-Security, are found', async () => {
    expect(await overTls(cookieApp())).toMatchObject({
      'transport/Strict-Transport-Security': 'fail',
      'cookie-attributes/cookie sid: Secure': 'fail',
    })
  })
})

test('kinds of data that a logout leaves in the browser are distinguished', async () => {
  expect(await judge(cookieApp(), 'clear-site-data')).toMatchObject({ 'clear-site-data/logout': 'pass' })
  const sends = twisted((reply, { path }) =>
    path === '/logout' ? { ...reply, headers: { 'clear-site-data': '"cookies"' } } : reply,
  )
  expect(await judge(sends, 'clear-site-data')).toMatchObject({ 'clear-site-data/Clear-Site-Data': 'pass' })
})
