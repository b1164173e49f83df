import {
  type CrossOriginOptions,
  cookieCarrier,
  crossOriginGuard,
  type Incoming,
  type RequestView,
  SessionError,
} from 'sojourn'
import { describe, expect, test } from 'vitest'

const HOST = 'shop.example'

interface Given {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
}

function requestOf({ method = 'POST', url = '/account', headers = {} }: Given): RequestView {
  const all: Readonly<Record<string, string>> = { host: HOST, ...headers }
  return { method, url, secure: true, peer: null, header: (name) => all[name] ?? null }
}

const carrier = cookieCarrier()

function incoming(view: RequestView): Incoming {
  return { view, carrier, presents: true }
}

function check(given: Given, options: CrossOriginOptions = {}): 'allow' | 'deny' {
  const answer = crossOriginGuard(options).check(incoming(requestOf(given)))
  if (answer === null) return 'allow'
  expect(answer).toEqual({
    status: 403,
    reason: 'cross-origin',
    message: expect.stringMatching(/^Refused: .*(?:trustedOrigins|Origin header|Referrer-Policy)/),
  })
  return 'deny'
}

const ORIGINS = {
  absent: null,
  null: 'null',
  same: 'https://shop.example',
  other: 'https://evil.example',
  trusted: 'https://admin.example',
} as const
type Origin = keyof typeof ORIGINS

/** One row for each thing `Sec-Fetch-Site` can say; what becomes of a POST, by its `Origin`. */
const MATRIX: readonly [site: string | null, outcome: Readonly<Record<Origin, 'allow' | 'deny'>>][] = [
  [null, { absent: 'allow', null: 'deny', same: 'allow', other: 'deny', trusted: 'allow' }],
  ['same-origin', { absent: 'allow', null: 'allow', same: 'allow', other: 'allow', trusted: 'allow' }],
  ['none', { absent: 'allow', null: 'allow', same: 'allow', other: 'allow', trusted: 'allow' }],
  ['same-site', { absent: 'deny', null: 'deny', same: 'deny', other: 'deny', trusted: 'allow' }],
  ['cross-site', { absent: 'deny', null: 'deny', same: 'deny', other: 'deny', trusted: 'allow' }],
  ['garbage', { absent: 'deny', null: 'deny', same: 'deny', other: 'deny', trusted: 'allow' }],
  ['Same-Origin', { absent: 'deny', null: 'deny', same: 'deny', other: 'deny', trusted: 'allow' }],
  ['same-origin, same-origin', { absent: 'deny', null: 'deny', same: 'deny', other: 'deny', trusted: 'allow' }],
]
const SAFE = ['GET', 'HEAD', 'OPTIONS']
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'get', 'PROPFIND', '']

const headersOf = (site: string | null, origin: Origin): Readonly<Record<string, string>> => ({
  ...(site === null ? {} : { 'sec-fetch-site': site }),
  ...(ORIGINS[origin] === null ? {} : { origin: ORIGINS[origin] }),
})
const rows = MATRIX.flatMap(([site, outcome]) =>
  (Object.keys(outcome) as Origin[]).map((origin) => ({ site, origin, outcome: outcome[origin] })),
)

describe('cross-origin guard: method, Sec-Fetch-Site and Origin', () => {
  test.each(rows)('POST, site $site, origin $origin: $outcome', ({ site, origin, outcome }) => {
    for (const method of UNSAFE) {
      expect(check({ method, headers: headersOf(site, origin) }, { trustedOrigins: [ORIGINS.trusted] }), method).toBe(
        outcome,
      )
    }
  })

  test.each(rows)('GET, site $site, origin $origin: allow, for it changes nothing', ({ site, origin }) => {
    for (const method of SAFE) expect(check({ method, headers: headersOf(site, origin) }), method).toBe('allow')
  })

  test.each(rows)('requireOrigin: POST, site $site, origin $origin', ({ site, origin, outcome }) => {
    const options: CrossOriginOptions = { trustedOrigins: [ORIGINS.trusted], requireOrigin: true }
    const isUnnamed = site === null && origin === 'absent'
    for (const method of UNSAFE) {
      expect(check({ method, headers: headersOf(site, origin) }, options), method).toBe(isUnnamed ? 'deny' : outcome)
    }
    for (const method of SAFE) {
      const handshake = { ...headersOf(site, origin), upgrade: 'websocket' }
      expect(check({ method, headers: handshake }, options), method).toBe(isUnnamed ? 'deny' : outcome)
      expect(check({ method, headers: headersOf(site, origin) }, options), method).toBe('allow')
    }
  })

  test('requireOrigin: empty headers name no origin, exempt paths need none, and other carriers have no ambient token', () => {
    const options: CrossOriginOptions = { requireOrigin: true, insecureExemptPaths: ['/webhooks/*'] }
    expect(check({ headers: { 'sec-fetch-site': '', origin: '' } }, options)).toBe('deny')
    expect(check({ url: '/webhooks/stripe' }, options)).toBe('allow')
    expect(check({ url: '/webhooks/../account' }, options)).toBe('deny')
    const bearer = { ...carrier, ambient: false }
    expect(crossOriginGuard(options).check({ view: requestOf({}), carrier: bearer, presents: true })).toBeNull()
    expect(() => crossOriginGuard({ requireOrigin: 'yes' as never })).toThrow(SessionError)
  })

  test('without trustedOrigins that origin is as foreign as any', () => {
    for (const site of [null, 'same-site', 'cross-site']) {
      expect(check({ headers: headersOf(site, 'trusted') })).toBe('deny')
    }
  })

  test('an empty header is no header', () => {
    expect(check({ headers: { 'sec-fetch-site': '', origin: '' } })).toBe('allow')
    expect(check({ headers: { 'sec-fetch-site': '', origin: ORIGINS.other } })).toBe('deny')
  })
})

describe('cross-origin guard: Origin against Host, from browsers without Sec-Fetch-Site', () => {
  test.each<[origin: string, host: string, outcome: 'allow' | 'deny']>([
    ['https://shop.example', 'shop.example', 'allow'],
    ['https://shop.example', 'SHOP.example', 'allow'],
    ['HTTPS://Shop.Example', 'shop.example', 'allow'],
    ['https://shop.example', 'shop.example:443', 'allow'],
    ['http://shop.example', 'shop.example:80', 'allow'],
    ['https://shop.example:8443', 'shop.example:8443', 'allow'],
    ['http://[::1]:3000', '[::1]:3000', 'allow'],
    // The scheme is not compared: TLS may have ended at a proxy.
    ['http://shop.example', 'shop.example', 'allow'],
    ['https://shop.example', 'shop.example:8443', 'deny'],
    ['https://shop.example:8443', 'shop.example', 'deny'],
    ['https://shop.example', 'shop.example:80', 'deny'],
    ['http://shop.example', 'shop.example:443', 'deny'],
    ['https://shop.example:443', 'shop.example:80', 'deny'],
    ['https://www.shop.example', 'shop.example', 'deny'],
    ['https://shop.example.evil.example', 'shop.example', 'deny'],
    ['https://evil.example/shop.example', 'shop.example', 'deny'],
    ['https://shop.example@evil.example', 'shop.example', 'deny'],
    ['https://evil.example#shop.example', 'shop.example', 'deny'],
    ['https://shop.example://evil.example', 'shop.example', 'deny'],
    ['https://shop.example, https://evil.example', 'shop.example', 'deny'],
    ['https://shop.example ', 'shop.example', 'deny'],
    ['shop.example', 'shop.example', 'deny'],
    ['://shop.example', 'evil.example', 'deny'],
    ['https://', '', 'deny'],
    ['://', '', 'deny'],
    ['null', 'null', 'deny'],
    ['', 'shop.example', 'allow'],
    ['https://shop.example', '', 'deny'],
  ])('%s to %s: %s', (origin, host, outcome) => {
    expect(check({ headers: { origin, host } })).toBe(outcome)
  })

  test('HTTP/2 calls the host :authority', () => {
    const headers: Readonly<Record<string, string>> = { ':authority': 'shop.example', origin: 'https://shop.example' }
    const view: RequestView = { ...requestOf({}), header: (name) => headers[name] ?? null }
    expect(crossOriginGuard().check(incoming(view))).toBeNull()
  })

  test('a request without any host is refused', () => {
    const view: RequestView = {
      ...requestOf({}),
      header: (name) => (name === 'origin' ? 'https://shop.example' : null),
    }
    expect(crossOriginGuard().check(incoming(view))).not.toBeNull()
  })

  describe('the refusal names the cause', () => {
    const message = (headers: Readonly<Record<string, string>>) =>
      crossOriginGuard().check(incoming(requestOf({ headers })))?.message ?? ''

    test('another site', () => {
      const text = message({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })
      expect(text).toMatch(/a page of another site made this request/)
      expect(text).not.toMatch(/proxy/)
    })

    test('a proxy that changes Host or drops its port: the two hosts that were compared', () => {
      const text = message({ origin: 'https://shop.example:8443' })
      expect(text).toMatch(/a page of "https:\/\/shop\.example:8443" .* the host "shop\.example"/)
      expect(text).toMatch(/\$http_host/)
    })

    test('Referrer-Policy: no-referrer, the default of helmet', () => {
      const text = message({ origin: 'null' })
      expect(text).toMatch(/"Origin: null".*"Referrer-Policy: same-origin"/)
      expect(text).not.toMatch(/page of another site/)
    })

    test.each(['<script>alert(1)</script>', `https://${'a'.repeat(500)}`, '\u202egnp.exe', 'a b'])(
      'but repeats no text of a client’s own: %s',
      (text) => {
        expect(message({ origin: text })).toMatch(/a page of a form that no browser sends made/)
        expect(message({ origin: 'https://evil.example', host: text })).not.toContain(text)
      },
    )
  })
})

describe('cross-origin guard: what makes a GET more than a read', () => {
  const HANDSHAKES: readonly Readonly<Record<string, string>>[] = [
    { upgrade: 'websocket' },
    { upgrade: 'WebSocket', connection: 'keep-alive, Upgrade' },
    { upgrade: 'h2c, websocket' },
    { upgrade: 'some-other-protocol' },
    { 'sec-fetch-mode': 'websocket' },
    { 'sec-fetch-mode': 'webtransport' },
    { upgrade: 'websocket', 'sec-fetch-mode': 'websocket' },
  ]

  test.each(rows)('a handshake, site $site, origin $origin: $outcome', ({ site, origin, outcome }) => {
    for (const handshake of HANDSHAKES) {
      const headers = { ...headersOf(site, origin), ...handshake }
      for (const method of SAFE)
        expect(check({ method, headers }, { trustedOrigins: [ORIGINS.trusted] }), JSON.stringify(handshake)).toBe(
          outcome,
        )
    }
  })

  test.each<Readonly<Record<string, string>>>([
    {},
    { upgrade: '' },
    { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings' },
    { upgrade: 'h2, h2c, TLS/1.0, HTTP/2.0' },
    { 'upgrade-insecure-requests': '1' },
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-mode': 'nested-navigate' },
    { 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-mode': 'same-origin' },
  ])('a link from another site passes, whatever proxies add: %j', (more) => {
    const headers = { ...headersOf('cross-site', 'other'), ...more }
    expect(check({ method: 'GET', headers })).toBe('allow')
  })
})

describe('trustedOrigins', () => {
  test.each([
    'https://admin.example',
    'http://localhost:5173',
    'https://admin.example:8443',
    'http://[::1]:3000',
    'https://xn--shp-tna.example',
    'capacitor://localhost',
    'my-https://localhost',
    'chrome-extension://abcdefghijklmnop',
  ])('%s is one', (origin) => {
    expect(check({ headers: { 'sec-fetch-site': 'cross-site', origin } }, { trustedOrigins: [origin] })).toBe('allow')
    expect(check({ headers: { origin } }, { trustedOrigins: [origin] })).toBe('allow')
  })

  test.each<[origin: string, fix: string]>([
    ['https://admin.example/', '"https://admin.example"'],
    ['https://admin.example/path', '"https://admin.example"'],
    ['https://admin.example?x=1', '"https://admin.example"'],
    ['https://admin.example#x', '"https://admin.example"'],
    ['https://user@admin.example', '"https://admin.example"'],
    ['https://admin.example:443', '"https://admin.example"'],
    ['http://admin.example:80', '"http://admin.example"'],
    ['https://Admin.example', '"https://admin.example"'],
    ['HTTPS://admin.example', '"https://admin.example"'],
    ['https://shöp.example', '"https://xn--shp-tna.example"'],
    ['admin.example', '"https://admin.example"'],
    ['//admin.example', '"https://admin.example"'],
    ['https://', '"https://admin.example"'],
    ['https://*.example', '"https://admin.example"'],
    ['*', '"https://admin.example"'],
    ['null', '"https://admin.example"'],
    ['', '"https://admin.example"'],
    ['a b://localhost', '"https://admin.example"'],
    ['capacitor://localhost/', '"https://admin.example"'],
    ['Capacitor://localhost', '"https://admin.example"'],
  ])('%s is none: browsers never write it', (origin, fix) => {
    const attempt = () => crossOriginGuard({ trustedOrigins: ['https://good.example', origin] })
    expect(attempt).toThrow(SessionError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(fix) }))
  })

  test.each([
    'https://admin.example.evil.example',
    'https://evil-admin.example',
    'http://admin.example',
    'https://admin.example:8443',
    'https://ADMIN.example',
  ])('%s is not https://admin.example', (origin) => {
    expect(
      check({ headers: { 'sec-fetch-site': 'cross-site', origin } }, { trustedOrigins: ['https://admin.example'] }),
    ).toBe('deny')
  })
})

describe('insecureExemptPaths', () => {
  const options: CrossOriginOptions = { insecureExemptPaths: ['/webhooks/stripe', '/saml/*'] }
  const from = (url: string) =>
    check({ url, headers: { 'sec-fetch-site': 'cross-site', origin: ORIGINS.other } }, options)

  test.each([
    '/webhooks/stripe',
    '/webhooks/stripe?x=/../..',
    '/saml/acs',
    '/saml/',
    '/saml/a/b.c_d~e-f',
    '/saml/acs?RelayState=%2F..',
  ])('%s is exempt', (url) => {
    expect(from(url)).toBe('allow')
    expect(check({ url, headers: { origin: ORIGINS.other } }, options)).toBe('allow')
    expect(check({ url, headers: { origin: 'null' } }, options)).toBe('allow')
  })

  test.each([
    '/',
    '/webhooks',
    '/webhooks/',
    '/webhooks/stripe/',
    '/webhooks/stripe/x',
    '/webhooks/stripex',
    '/Webhooks/stripe',
    '/saml',
    '/samlx',
    '/SAML/acs',
    // Paths that some servers take for another one.
    '/saml/../account',
    '/saml/./../account',
    '/saml/..',
    '/saml/.',
    '/saml/%2e%2e/account',
    '/saml/..%2faccount',
    '/saml/..;/account',
    '/saml/a;b',
    '/saml//account',
    '//saml/acs',
    '/saml/..\\account',
    '/saml/\\..\\account',
    '/saml/a\tb',
    '/saml/ä',
    '/saml/a#/b',
    '/account?/saml/acs',
    '/account#/saml/acs',
    'http://shop.example/saml/acs',
    'saml/acs',
    '*',
    '',
  ])('%s is not', (url) => {
    expect(from(url)).toBe('deny')
  })

  test.each([
    '',
    'webhooks',
    '/*',
    '*',
    '/webhooks*',
    '/a/*/b',
    '/a/../b',
    '/a/..',
    '/a//b',
    '/a b/*',
    '/a/../*',
    '//*',
    '//',
    '/a%20b',
    '/a?x',
    '/a#x',
    '/a b',
    'https://shop.example/a',
    '/a\\b',
  ])('the pattern %s is refused', (pattern) => {
    const attempt = () => crossOriginGuard({ insecureExemptPaths: [pattern] })
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('"/webhooks/*"') }),
    )
  })

  test('is called by its name in logs', () => {
    expect(crossOriginGuard().name).toBe('cross-origin')
  })

  test('the root alone can be exempt', () => {
    const root: CrossOriginOptions = { insecureExemptPaths: ['/'] }
    expect(check({ url: '/', headers: { origin: 'null' } }, root)).toBe('allow')
    expect(check({ url: '/x', headers: { origin: 'null' } }, root)).toBe('deny')
  })
})
