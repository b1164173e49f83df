import { type CarrierContext, carrierCases } from '@sojourn/conformance'
import { type CookieOptions, cookieCarrier } from 'sojourn'
import { afterEach, beforeEach, describe, vi } from 'vitest'
import { testCases } from '../support/run-cases.ts'
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
  beforeEach(() => vi.stubEnv('NODE_ENV', env))
  testCases('carrier cases', carrierCases, toContext(cookie, url, name, browser))
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
