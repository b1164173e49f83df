import { type CookieOptions, cookieCarrier, type Token } from 'sojourn'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UserAgent } from './user-agent.ts'
import { viewOf } from './views.ts'

beforeEach(() => vi.stubEnv('NODE_ENV', 'production'))
afterEach(() => vi.unstubAllEnvs())

const AT = 'https://www.shop.example/account/orders?page=2'
const TOKEN = 'A'.repeat(54) as Token

/** A browser that was handed the session's cookie, and has duplicates of the same name beside it. */
function withDuplicates(
  options: CookieOptions,
  duplicates: readonly string[],
): { agent: UserAgent; clearDuplicates(): void } {
  const carrier = cookieCarrier(options)
  const agent = new UserAgent()
  for (const duplicate of duplicates) expect(agent.receive(AT, duplicate), duplicate).toBe('kept')
  for (const { value } of carrier.write(viewOf(AT), TOKEN, { maxAgeSeconds: null })) agent.receive(AT, value)
  expect(agent.list()).toHaveLength(duplicates.length + 1)
  return {
    agent,
    clearDuplicates() {
      for (const { value } of carrier.clearDuplicates?.(viewOf(AT)) ?? []) agent.receive(AT, value)
    },
  }
}

describe('clearDuplicates leaves the session and removes', () => {
  test.each<[what: string, options: CookieOptions, duplicate: string]>([
    [
      'the unpartitioned twin of a partitioned cookie',
      { sameSite: 'none', partitioned: true },
      '__Host-session=x; Path=/; Secure; SameSite=None',
    ],
    [
      'the partitioned twin of an unpartitioned one',
      {},
      '__Host-session=x; Path=/; Secure; SameSite=None; Partitioned',
    ],
    [
      'a cookie of the host alone, from before the domain was set',
      { domain: 'shop.example' },
      '__Secure-session=x; Path=/; Secure',
    ],
    [
      'a cookie of a subdomain, from before the domain was widened',
      { domain: 'shop.example' },
      '__Secure-session=x; Path=/; Secure; Domain=www.shop.example',
    ],
    [
      'a cookie of the whole domain, planted by a sibling',
      { path: '/account' },
      '__Secure-session=x; Path=/account; Secure; Domain=shop.example',
    ],
    [
      'a cookie of a deeper path, which browsers send first',
      { domain: 'shop.example' },
      '__Secure-session=x; Path=/account/orders; Secure; Domain=shop.example',
    ],
    ['a cookie of a path that ends in a slash', { name: 'sid', insecureNoPrefix: true }, 'sid=x; Path=/account/'],
    ['a cookie without Path, which has the path of its page', { name: 'sid', insecureNoPrefix: true }, 'sid=x'],
    ['a cookie of the root, from before the path was set', { path: '/account' }, '__Secure-session=x; Path=/; Secure'],
    [
      'another domain and another path together',
      { name: 'sid', insecureNoPrefix: true },
      'sid=x; Path=/account; Domain=shop.example',
    ],
  ])('%s', (_, options, duplicate) => {
    const { agent, clearDuplicates } = withDuplicates(options, [duplicate])
    clearDuplicates()
    expect(agent.list()).toHaveLength(1)
    expect(agent.send(AT)).toContain(TOKEN)
  })

  test('every duplicate of a kind at once', () => {
    const duplicates = [
      'sid=1; Path=/account',
      'sid=2; Path=/account/orders',
      'sid=3; Path=/; Domain=shop.example',
      'sid=4; Path=/; Domain=www.shop.example',
    ]
    const { agent, clearDuplicates } = withDuplicates({ name: 'sid', insecureNoPrefix: true }, duplicates)
    clearDuplicates()
    expect(agent.send(AT)).toBe(`sid=${TOKEN}`)
  })
})

describe('clearDuplicates sends', () => {
  const headers = (options: CookieOptions, at = AT) =>
    (cookieCarrier(options).clearDuplicates?.(viewOf(at)) ?? []).map(({ value }) => value)

  const scopes = (options: CookieOptions, at: string) =>
    headers(options, at).map((header) =>
      header.replace(/^.* GMT; (Path=[^;]+)(; Domain=[^;]+)?.*?(; Partitioned)?$/, '$1$2$3'),
    )

  test('the forms with the fewest differences first, in one order', () => {
    expect(scopes({ name: 'sid', insecureNoPrefix: true }, 'https://a.shop.example/x/y?z=/w')).toEqual([
      // Another path.
      'Path=/x',
      'Path=/x/',
      'Path=/x/y',
      // Another domain.
      'Path=/; Domain=a.shop.example',
      'Path=/; Domain=shop.example',
      // The other partition.
      'Path=/; Partitioned',
      // Two at once.
      'Path=/x; Domain=a.shop.example',
      'Path=/x/; Domain=a.shop.example',
      'Path=/x/y; Domain=a.shop.example',
      'Path=/x; Domain=shop.example',
      'Path=/x/; Domain=shop.example',
      'Path=/x/y; Domain=shop.example',
    ])
    expect(scopes({ domain: 'shop.example', path: '/x' }, 'https://shop.example/x/')).toEqual([
      'Path=/; Domain=shop.example',
      'Path=/x/; Domain=shop.example',
      'Path=/x',
      'Path=/x; Domain=shop.example; Partitioned',
      'Path=/',
      'Path=/x/',
      'Path=/; Domain=shop.example; Partitioned',
      'Path=/x/; Domain=shop.example; Partitioned',
      'Path=/x; Partitioned',
      'Path=/; Partitioned',
      'Path=/x/; Partitioned',
    ])
  })

  test('no partitioned twin without Secure, which Partitioned needs', () => {
    expect(scopes({ insecureOverHttp: true }, 'http://shop.example/')).toEqual(['Path=/; Domain=shop.example'])
  })

  test('the six shortest paths, and the four widest domains', () => {
    const narrow = scopes({ name: 'sid', insecureNoPrefix: true }, 'https://localhost/a/b/c/d/e')
    expect(narrow.slice(0, 6)).toEqual([
      'Path=/a',
      'Path=/a/',
      'Path=/a/b',
      'Path=/a/b/',
      'Path=/a/b/c',
      'Path=/; Partitioned',
    ])
    const wide = scopes({ path: '/', name: '__Secure-id' }, 'https://a.b.c.d.e.shop.example/')
    expect(wide.slice(0, 5)).toEqual([
      'Path=/; Domain=c.d.e.shop.example',
      'Path=/; Domain=d.e.shop.example',
      'Path=/; Domain=e.shop.example',
      'Path=/; Domain=shop.example',
      'Path=/; Partitioned',
    ])
  })

  test('a path of 128 characters, and none longer', () => {
    const path = `/${'a'.repeat(127)}`
    expect(scopes({ path: '/x' }, `https://localhost${path}`)).toContain(`Path=${path}`)
    expect(scopes({ path: '/x' }, `https://localhost${path}a`).join()).not.toContain('aaa')
  })

  test('one header for a __Host- name, which can have no other domain and path', () => {
    expect(headers({})).toEqual([
      '__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax; Partitioned',
    ])
  })

  test('twelve headers at most, on the longest path and the deepest host too', () => {
    const deep = `https://a.b.c.d.e.f.g.shop.example/${'a/'.repeat(40)}`
    expect(headers({ domain: 'shop.example' }, deep)).toHaveLength(12)
    expect(headers({ name: 'sid', insecureNoPrefix: true }, deep)).toHaveLength(12)
  })

  test('never the session cookie itself, wherever it was asked', () => {
    const all: readonly CookieOptions[] = [
      {},
      { domain: 'shop.example' },
      { domain: 'www.shop.example' },
      { path: '/account' },
      { path: '/elsewhere' },
    ]
    for (const options of all) {
      const carrier = cookieCarrier(options)
      for (const at of [AT, 'https://www.shop.example/', 'https://shop.example/account']) {
        const [own] = carrier.clear(viewOf(at))
        const duplicates = (carrier.clearDuplicates?.(viewOf(at)) ?? []).map(({ value }) => value)
        expect(duplicates).not.toContain(own?.value)
        expect(new Set(duplicates).size).toBe(duplicates.length)
      }
    }
  })

  test('no domain of a public suffix, an address or an invalid name', () => {
    for (const host of ['localhost', '192.0.2.7', '[2001:db8::1]']) {
      expect(headers({ path: '/a' }, `https://${host}/a`).join()).not.toContain('Domain')
    }
    expect(headers({ path: '/a' }, 'https://shop.example/a').join()).not.toContain('Domain=example')
  })

  test('no path that is too long, or no cookie path', () => {
    const at = (url: string) => {
      const view = { ...viewOf(AT), url }
      const carrier = cookieCarrier({ name: 'sid', insecureNoPrefix: true })
      return (carrier.clearDuplicates?.(view) ?? []).map(({ value }) => value).join('\n')
    }
    expect(at(`/${'a'.repeat(500)}`)).not.toContain('aaa')
    expect(at('/a;Domain=evil.example/b')).not.toContain('evil')
    expect(at('http://evil.example/b')).not.toContain('evil')
    expect(at('*')).not.toContain('*')
    expect(at('/a/b?/evil')).not.toContain('evil')
    expect(at('/a/b?/c')).toContain('Path=/a/b;')
  })
})
