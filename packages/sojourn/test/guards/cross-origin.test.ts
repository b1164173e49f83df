import { type CrossOriginOptions, crossOriginGuard, type RequestView, SessionError } from 'sojourn'
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

function check(given: Given, options: CrossOriginOptions = {}): 'allow' | 'deny' {
  const denial = crossOriginGuard(options).check(requestOf(given))
  if (denial === null) return 'allow'
  expect(denial).toEqual({
    status: 403,
    reason: 'cross-origin',
    message: expect.stringMatching(/^Refused: .*trustedOrigins/),
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
    expect(crossOriginGuard().check(view)).toBeNull()
  })

  test('a request without any host is refused', () => {
    const view: RequestView = {
      ...requestOf({}),
      header: (name) => (name === 'origin' ? 'https://shop.example' : null),
    }
    expect(crossOriginGuard().check(view)).not.toBeNull()
  })

  test('the refusal tells whoever runs a proxy what to do, and nothing that a client sent', () => {
    const message = (headers: Readonly<Record<string, string>>) =>
      crossOriginGuard().check(requestOf({ headers }))?.message ?? ''
    expect(message({ origin: 'https://evil.example' })).toMatch(/let the proxy in front pass the Host header on/)
    expect(message({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).not.toMatch(/proxy|evil/)
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
