import { type CookieOptions, cookieCarrier, type RequestView, type Token } from 'sojourn'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type ViewOptions, viewOf } from './views.ts'

afterEach(() => vi.unstubAllEnvs())

const TOKEN = 'A'.repeat(54) as Token
const LOCAL = 'session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax'
const REAL = '__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax'

function clear(view: RequestView, env: string | undefined, options: CookieOptions = {}): string | undefined {
  vi.stubEnv('NODE_ENV', env)
  return cookieCarrier({ ...options, warn: () => {} }).clear(view)[0]?.value
}

describe('which cookie plain http:// gets', () => {
  type Row = [what: string, url: string, view: ViewOptions, env: string | undefined, which: string]
  const LOOPBACK = { peer: '127.0.0.1' }
  test.each<Row>([
    // A developer's browser on this machine.
    ['localhost', 'http://localhost:3000/', LOOPBACK, 'development', LOCAL],
    ['a subdomain of localhost', 'http://shop.localhost/', LOOPBACK, 'development', LOCAL],
    ['127.0.0.1', 'http://127.0.0.1:3000/', LOOPBACK, 'development', LOCAL],
    ['127.1.2.3', 'http://127.1.2.3/', LOOPBACK, 'development', LOCAL],
    ['IPv6', 'http://[::1]:3000/', { peer: '::1' }, 'development', LOCAL],
    ['IPv4 on a socket for both', 'http://localhost/', { peer: '::ffff:127.0.0.1' }, 'development', LOCAL],
    ['a runtime that does not tell the peer', 'http://localhost/', { peer: null }, 'development', LOCAL],
    [
      'the name in capitals',
      'http://localhost/',
      { ...LOOPBACK, headers: { host: 'LOCALHOST:3000' } },
      'development',
      LOCAL,
    ],
    [
      'HTTP/2 without TLS',
      'http://localhost/',
      { ...LOOPBACK, headers: { ':authority': 'localhost' } },
      'development',
      LOCAL,
    ],
    ['no NODE_ENV', 'http://localhost/', LOOPBACK, undefined, LOCAL],
    ['tests', 'http://localhost/', LOOPBACK, 'test', LOCAL],
    [
      'a form of the page itself',
      'http://localhost:3000/',
      { ...LOOPBACK, headers: { origin: 'http://localhost:3000' } },
      'development',
      LOCAL,
    ],
    [
      'a script of the front end’s own server',
      'http://localhost:3000/',
      { ...LOOPBACK, headers: { origin: 'http://127.0.0.1:5173' } },
      'development',
      LOCAL,
    ],
    ['a sandboxed frame', 'http://localhost/', { ...LOOPBACK, headers: { origin: 'null' } }, 'development', LOCAL],
    // Everything else may be production.
    ['production', 'http://localhost/', LOOPBACK, 'production', REAL],
    ['HTTPS', 'https://localhost/', LOOPBACK, 'development', REAL],
    ['TLS that a trusted proxy ended', 'http://localhost/', { ...LOOPBACK, secure: true }, 'development', REAL],
    ['another host', 'http://shop.example/', LOOPBACK, 'development', REAL],
    [
      'a host that begins like an address of this machine',
      'http://127.0.0.1.evil.example/',
      LOOPBACK,
      'development',
      REAL,
    ],
    ['a host that ends like localhost', 'http://evillocalhost/', LOOPBACK, 'development', REAL],
    ['a host that begins like localhost', 'http://localhost.evil.example/', LOOPBACK, 'development', REAL],
    ['no host', 'http://localhost/', { ...LOOPBACK, headers: { host: '' } }, 'development', REAL],
    [
      'a host beyond all measure',
      'http://localhost/',
      { ...LOOPBACK, headers: { host: `${'a.'.repeat(200)}localhost` } },
      'development',
      REAL,
    ],
    ['another machine that says Host: localhost', 'http://localhost/', { peer: '203.0.113.9' }, 'development', REAL],
    ['another machine whose address only looks alike', 'http://localhost/', { peer: '12.7.0.0' }, 'development', REAL],
    [
      'a proxy: Forwarded',
      'http://localhost/',
      { ...LOOPBACK, headers: { forwarded: 'for=203.0.113.9' } },
      'development',
      REAL,
    ],
    ['a proxy: Via', 'http://localhost/', { ...LOOPBACK, headers: { via: '1.1 proxy' } }, 'development', REAL],
    [
      'a proxy: X-Real-IP',
      'http://localhost/',
      { ...LOOPBACK, headers: { 'x-real-ip': '203.0.113.9' } },
      'development',
      REAL,
    ],
    [
      'a proxy: X-Forwarded-For',
      'http://localhost/',
      { ...LOOPBACK, headers: { 'x-forwarded-for': '203.0.113.9' } },
      'development',
      REAL,
    ],
    [
      'a proxy: X-Forwarded-Host',
      'http://localhost/',
      { ...LOOPBACK, headers: { 'x-forwarded-host': 'shop.example' } },
      'development',
      REAL,
    ],
    [
      'a proxy: X-Forwarded-Proto',
      'http://localhost/',
      { ...LOOPBACK, headers: { 'x-forwarded-proto': 'https' } },
      'development',
      REAL,
    ],
    [
      'a proxy that rewrites Host and says nothing',
      'http://localhost/',
      { ...LOOPBACK, headers: { origin: 'https://shop.example' } },
      'development',
      REAL,
    ],
    [
      'a page of another scheme',
      'http://localhost/',
      { ...LOOPBACK, headers: { origin: 'evil.http://localhost' } },
      'development',
      REAL,
    ],
    [
      'a page that only calls itself localhost',
      'http://localhost/',
      { ...LOOPBACK, headers: { origin: 'https://localhost.evil.example' } },
      'development',
      REAL,
    ],
  ])('%s', (_, url, view, env, which) => {
    const host = view.headers?.[':authority']
    const seen = viewOf(url, view)
    const request =
      host === undefined ? seen : { ...seen, header: (name: string) => (name === 'host' ? null : seen.header(name)) }
    expect(clear(request, env)).toBe(which)
  })
})

describe('the local cookie', () => {
  const view = viewOf('http://localhost:3000/cart', {
    peer: '127.0.0.1',
    headers: { cookie: 'session=local; __Host-session=real' },
  })

  test('is the one that is read and written', () => {
    vi.stubEnv('NODE_ENV', 'development')
    const carrier = cookieCarrier()
    expect(carrier.read(view).values).toEqual(['local'])
    expect(carrier.write(view, TOKEN, { maxAgeSeconds: 60 })[0]?.value).toBe(
      `session=${TOKEN}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax`,
    )
  })

  test('is not read in production, where anybody on the network could have set it', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(cookieCarrier().read(view).values).toEqual(['real'])
  })

  test('keeps what it can of the options', () => {
    const cleared = (options: CookieOptions) =>
      clear(view, 'development', options)?.replace(/ Max-Age=0; Expires=[^;]*;/, '')
    expect(cleared({ name: '__Host-id', sameSite: 'strict' })).toBe('id=; Path=/; HttpOnly; SameSite=Strict')
    expect(cleared({ name: '__Secure-id', path: '/cart', domain: 'shop.example' })).toBe(
      'id=; Path=/cart; HttpOnly; SameSite=Lax',
    )
    expect(cleared({ name: '__Host-Http-id', sameSite: 'none', partitioned: true })).toBe(
      'id=; Path=/; HttpOnly; SameSite=Lax',
    )
    expect(cleared({ name: 'sid', insecureNoPrefix: true })).toBe('sid=; Path=/; HttpOnly; SameSite=Lax')
  })
})
