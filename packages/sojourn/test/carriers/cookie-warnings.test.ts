import { type CookieOptions, cookieCarrier, createSessions, memoryStore, type RequestView, type Token } from 'sojourn'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createClient } from '../core/kit.ts'
import { type ViewOptions, viewOf } from './views.ts'

afterEach(() => vi.unstubAllEnvs())

const TOKEN = 'A'.repeat(54) as Token

function warnings(views: readonly RequestView[], options: CookieOptions = {}, env = 'production'): readonly string[] {
  vi.stubEnv('NODE_ENV', env)
  const told: string[] = []
  const carrier = cookieCarrier({ ...options, warn: (message) => told.push(message) })
  for (const view of views) carrier.write(view, TOKEN, { maxAgeSeconds: null })
  return told
}

describe('a function warn of the application that fails', () => {
  test.each<[string, () => unknown]>([
    ['throws', () => JSON.parse('')],
    ['rejects', () => Promise.reject(new Error('no connection'))],
  ])('and %s fails no login, and the console has its error', async (_, warn) => {
    const printed = vi.spyOn(console, 'warn').mockReturnValue()
    const client = createClient(createSessions({ store: memoryStore(), warn }))
    await client.send((session) => session.login('ada'), {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
    })
    await new Promise(setImmediate)
    expect(printed.mock.calls).toEqual([[expect.any(Error)]])
    printed.mockRestore()
  })
})

describe('a warning, when a browser is going to drop the cookie', () => {
  type Row = [what: string, url: string, view: ViewOptions, options: CookieOptions, told: RegExp]
  const INSECURE =
    /plain HTTP\. Serve over HTTPS; if a proxy does, configure it to send X-Forwarded-Proto, and set trustProxy \(Express: app\.set\('trust proxy', 1\)\)/
  const UNTRUSTED =
    /a proxy reports HTTPS, but is not trusted\. If the proxy is yours, set trustProxy \(Express: app\.set\('trust proxy', 1\); Fastify: the proxy's address, not a number\)/
  const FOREIGN =
    /page of another site made the request \(localhost and 127\.0\.0\.1 are two\)\. In a frame there, set sameSite: 'none'/
  const crossSite = (dest: string, more: Record<string, string> = {}): ViewOptions => ({
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': dest, ...more },
  })
  test.each<Row>([
    ['plain HTTP', 'http://shop.example/', {}, {}, INSECURE],
    [
      'plain HTTP from another machine, to localhost in a container',
      'http://localhost/',
      { peer: '172.17.0.1' },
      {},
      INSECURE,
    ],
    [
      'plain HTTP from this machine, to another name of it',
      'http://shop.example/',
      { peer: '127.0.0.1' },
      {},
      INSECURE,
    ],
    [
      'a proxy that had plain HTTP too',
      'http://shop.example/',
      { headers: { 'x-forwarded-proto': 'http' } },
      {},
      /X-Forwarded-Proto reports plain HTTP\. Serve over HTTPS; behind two proxies, configure the second/,
    ],
    [
      'a proxy that does not say how the client came',
      'http://localhost/',
      { peer: '127.0.0.1', headers: { 'x-forwarded-for': '203.0.113.9' } },
      {},
      INSECURE,
    ],
    [
      'a proxy whose word is not trusted',
      'http://shop.example/',
      { headers: { 'x-forwarded-proto': 'https' } },
      {},
      UNTRUSTED,
    ],
    [
      'the same by Forwarded',
      'http://shop.example/',
      { headers: { forwarded: 'for=203.0.113.9;proto=https' } },
      {},
      UNTRUSTED,
    ],
    [
      'a proxy that rewrites Host to localhost',
      'http://localhost/',
      { peer: '127.0.0.1', headers: { origin: 'https://shop.example' } },
      {},
      /its Origin is not\. Configure the proxy to pass Host on; in development, open the page on localhost\.$/,
    ],
    [
      'a host outside the domain',
      'https://shop.example/',
      {},
      { domain: 'shop.test' },
      /its domain does not match the host of this request/,
    ],
    [
      'a host that only ends like the domain',
      'https://myshop.example/',
      {},
      { domain: 'shop.example' },
      /its domain does not match/,
    ],
    ['a script of another site', 'https://shop.example/', crossSite('empty'), {}, FOREIGN],
    ['a frame in another site', 'https://shop.example/', crossSite('iframe'), { sameSite: 'strict' }, FOREIGN],
    ['an object in another site', 'https://shop.example/', crossSite('object'), {}, FOREIGN],
    ['an image of another site', 'https://shop.example/', crossSite('image'), {}, FOREIGN],
    ['a style of another site', 'https://shop.example/', crossSite('style'), {}, FOREIGN],
    ['a script element of another site', 'https://shop.example/', crossSite('script'), {}, FOREIGN],
    [
      'a page on 127.0.0.1, with its API on localhost',
      'http://localhost:3000/',
      { peer: '127.0.0.1', ...crossSite('empty', { origin: 'http://127.0.0.1:5173' }) },
      {},
      FOREIGN,
    ],
  ])('%s', (_, url, view, options, told) => {
    expect(warnings([viewOf(url, view)], options)).toEqual([expect.stringMatching(told)])
  })

  test('SameSite=None on http://localhost, where it is Lax', () => {
    const local = viewOf('http://localhost/', { peer: '127.0.0.1' })
    expect(warnings([local], { sameSite: 'none' }, 'development')).toEqual([
      expect.stringMatching(/sameSite: 'none' needs HTTPS/),
    ])
  })
})

describe('no warning', () => {
  test.each<[what: string, url: string, view: ViewOptions, options: CookieOptions, env: string]>([
    ['over HTTPS', 'https://shop.example/', {}, {}, 'production'],
    [
      'behind a trusted proxy',
      'http://shop.example/',
      { secure: true, headers: { 'x-forwarded-proto': 'https' } },
      {},
      'production',
    ],
    ['on http://localhost in development', 'http://localhost:3000/', { peer: '127.0.0.1' }, {}, 'development'],
    [
      'on http://localhost in production, where most browsers keep Secure cookies',
      'http://localhost:3000/',
      { peer: '::1' },
      {},
      'production',
    ],
    ['without HTTPS, on purpose', 'http://shop.example/', {}, { insecureOverHttp: true }, 'production'],
    ['on the domain itself', 'https://shop.example/', {}, { domain: 'shop.example' }, 'production'],
    [
      'on a host of the domain, and a port',
      'https://www.shop.example:8443/',
      {},
      { domain: 'shop.example' },
      'production',
    ],
    [
      'for a link from another site',
      'https://shop.example/',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' } },
      {},
      'production',
    ],
    [
      'in a frame, set up for it',
      'https://shop.example/',
      { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' } },
      { sameSite: 'none', partitioned: true },
      'production',
    ],
    [
      'for scripts of the site itself',
      'https://shop.example/',
      { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' } },
      {},
      'production',
    ],
  ])('%s', (_, url, view, options, env) => {
    expect(warnings([viewOf(url, view)], options, env)).toEqual([])
  })
})

describe('a login that a link of a stranger can cause, in development', () => {
  const LINK =
    'sojourn: a GET logged in, which any link or image can cause. Use a POST; a link in a mail opens a page with a button.'

  async function told(url: string, method = 'GET', env = 'development'): Promise<readonly string[]> {
    vi.stubEnv('NODE_ENV', env)
    const warnings: string[] = []
    const sessions = createSessions({ store: memoryStore(), warn: (text) => void warnings.push(text) })
    for (let count = 0; count < 2; count++) {
      const view = viewOf(`http://localhost${url}`, { peer: '127.0.0.1', method })
      const { session, commit } = await sessions.open(view)
      await session.login('ada')
      await commit()
    }
    return warnings
  }

  test.each(['/login?user=ada', '/login', '/dev/login/ada'])('%s is a warning, once', async (url) => {
    expect(await told(url)).toEqual([LINK])
  })

  test.each([
    ['a POST', '/login', 'POST', 'development'],
    ['an OAuth callback', '/callback?code=4%2F0AX4&state=af0ifjsldkj3Ks92mfLw', 'GET', 'development'],
    ['a link in a mail with a token', '/magic/9f86d081884c7d659a2feaa0c55ad015', 'GET', 'development'],
    ['production', '/login', 'GET', 'production'],
  ])('%s is none', async (_, url, method, env) => {
    expect(await told(url, method, env)).toEqual([])
  })

  test('a session that begins without a login is none', async () => {
    vi.stubEnv('NODE_ENV', 'development')
    const warnings: string[] = []
    const sessions = createSessions({ warn: (text) => void warnings.push(text) })
    const { session, commit } = await sessions.open(viewOf('http://localhost/', { peer: '127.0.0.1' }))
    session.data.theme = 'dark'
    await commit()
    expect(warnings).toEqual([])
  })
})

describe('warnings', () => {
  const insecure = viewOf('http://shop.example/')
  const embedded = viewOf('https://shop.example/', { headers: { 'sec-fetch-site': 'cross-site' } })

  test('come once for each reason', () => {
    expect(warnings([insecure, insecure, embedded, insecure, embedded])).toHaveLength(2)
  })

  test('name the cookie, and neither the token nor anything a client sent', () => {
    const told = warnings([
      insecure,
      viewOf('http://evil.example/', { headers: { origin: 'https://evil.example' } }),
      embedded,
    ]).join('\n')
    expect(told).toContain('"__Host-session"')
    expect(told).not.toContain(TOKEN)
    expect(told).not.toContain('evil')
  })

  test('go to the console unless told elsewhere', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    cookieCarrier().write(insecure, TOKEN, { maxAgeSeconds: null })
    expect(warn).toHaveBeenCalledOnce()
    warn.mockRestore()
  })

  test('come only from handing out a token, so a request that only reads is quiet', () => {
    const told: string[] = []
    const carrier = cookieCarrier({ warn: (message) => told.push(message) })
    carrier.read(insecure)
    carrier.clear(insecure)
    carrier.clearDuplicates?.(insecure)
    expect(told).toEqual([])
  })
})
