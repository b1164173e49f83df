import { type CarrierContext, carrierCases, runCases, toTable } from '@sojourn/conformance'
import { type CookieOptions, cookieCarrier } from 'sojourn'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { UserAgent, type UserAgentOptions } from './user-agent.ts'
import { viewOf } from './views.ts'

afterEach(() => vi.unstubAllEnvs())

interface Setting {
  readonly title: string
  readonly cookie: CookieOptions
  readonly url: string
  readonly name: string
  readonly browser?: UserAgentOptions
  readonly env?: 'development' | 'production'
}

const SHOP = 'https://www.shop.example/cart/items?page=2'
const SETTINGS: readonly Setting[] = [
  { title: 'the default, over HTTPS', cookie: {}, url: SHOP, name: '__Host-session' },
  {
    title: 'the default, on http://localhost in Safari',
    cookie: {},
    url: 'http://localhost:3000/a/b',
    name: 'session',
    browser: { trustsLocalhost: false },
  },
  { title: 'the default, on http://127.0.0.1 in Chromium', cookie: {}, url: 'http://127.0.0.1:3000/', name: 'session' },
  {
    title: 'the default, on http://localhost in production',
    cookie: {},
    url: 'http://localhost:3000/',
    name: '__Host-session',
    env: 'production',
  },
  { title: 'shared by a domain', cookie: { domain: 'shop.example' }, url: SHOP, name: '__Secure-session' },
  { title: 'for a path', cookie: { path: '/cart' }, url: SHOP, name: '__Secure-session' },
  {
    title: 'embedded in other sites',
    cookie: { sameSite: 'none', partitioned: true },
    url: SHOP,
    name: '__Host-session',
  },
  {
    title: 'without a prefix',
    cookie: { name: 'sid', insecureNoPrefix: true, sameSite: 'strict' },
    url: SHOP,
    name: 'sid',
  },
  {
    title: 'without HTTPS',
    cookie: { insecureOverHttp: true },
    url: 'http://shop.example/',
    name: 'session',
    env: 'production',
  },
]

describe.each(SETTINGS)('cookie carrier, $title', ({ cookie, url, name, browser, env = 'development' }) => {
  test('holds for every carrier case', async () => {
    vi.stubEnv('NODE_ENV', env)
    const results = await runCases(carrierCases, toContext(cookie, url, name, browser))
    expect(
      results.filter(({ status }) => status !== 'passed'),
      toTable(results),
    ).toEqual([])
    expect(results.length).toBeGreaterThan(15)
  })
})

function toContext(cookie: CookieOptions, url: string, name: string, browser: UserAgentOptions = {}): CarrierContext {
  const peer = new URL(url).protocol === 'https:' || url.includes('shop') ? '203.0.113.9' : '127.0.0.1'
  const request = (header: string | null) => viewOf(url, { peer, headers: header === null ? {} : { cookie: header } })
  return {
    createCarrier: ({ warn }) => cookieCarrier({ ...cookie, warn }),
    createClient() {
      const agent = new UserAgent(browser)
      return {
        request: () => request(agent.send(url)),
        receive(changes) {
          for (const { value } of changes) agent.receive(url, value)
        },
      }
    },
    presenting: (texts) => request(['first=1', ...texts.map((text) => `${name}=${text}`), 'last=1'].join('; ')),
  }
}
