import fc from 'fast-check'
import { type CookieOptions, cookieCarrier, SessionError, type Token } from 'sojourn'
import { CookieJar } from 'tough-cookie'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UserAgent } from './user-agent.ts'
import { viewOf } from './views.ts'

beforeEach(() => vi.stubEnv('NODE_ENV', 'production'))
afterEach(() => vi.unstubAllEnvs())

const URL_OF_SHOP = 'https://www.shop.example/cart'
const TOKEN = 'A'.repeat(54) as Token

function write(options: CookieOptions = {}, maxAgeSeconds: number | null = null, token: Token = TOKEN): string {
  const [change, ...more] = cookieCarrier({ ...options, warn: () => {} }).write(viewOf(URL_OF_SHOP), token, {
    maxAgeSeconds,
  })
  expect(more).toEqual([])
  expect(change).toMatchObject({ name: 'set-cookie', how: 'append' })
  return change?.value ?? ''
}

describe('the cookie that write sets', () => {
  test.each<[options: CookieOptions, maxAgeSeconds: number | null, expected: string]>([
    [{}, null, '__Host-session=T; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [{}, 3600, '__Host-session=T; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [{ sameSite: 'strict' }, null, '__Host-session=T; Path=/; HttpOnly; Secure; SameSite=Strict'],
    [
      { sameSite: 'none', partitioned: true },
      null,
      '__Host-session=T; Path=/; HttpOnly; Secure; SameSite=None; Partitioned',
    ],
    [{ name: '__Host-Http-id' }, null, '__Host-Http-id=T; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      { domain: 'shop.example' },
      null,
      '__Secure-session=T; Path=/; Domain=shop.example; HttpOnly; Secure; SameSite=Lax',
    ],
    [{ path: '/cart' }, null, '__Secure-session=T; Path=/cart; HttpOnly; Secure; SameSite=Lax'],
    [{ name: 'sid', insecureNoPrefix: true }, null, 'sid=T; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [{ insecureOverHttp: true }, null, 'session=T; Path=/; HttpOnly; SameSite=Lax'],
  ])('%o, for %o seconds', (options, maxAgeSeconds, expected) => {
    expect(write(options, maxAgeSeconds)).toBe(expected.replace('=T', `=${TOKEN}`))
  })

  test.each([
    [1.9, 'Max-Age=1'],
    [0.5, 'Max-Age=0'],
    [0, 'Max-Age=0'],
    [-5, 'Max-Age=0'],
    [Number.NaN, 'Max-Age=0'],
    [400 * 86_400, 'Max-Age=34560000'],
    [400 * 86_400 + 1, 'Max-Age=34560000'],
    [Number.POSITIVE_INFINITY, 'Max-Age=34560000'],
  ])('a life of %d seconds is %s', (seconds, expected) => {
    expect(write({}, seconds)).toContain(`; ${expected};`)
  })

  test('a token that is no cookie text is refused, and not repeated', () => {
    for (const bad of ['', 'a b', 'a;b', 'a,b', 'a"b', 'a\\b', 'a\r\nb', 'a\0', 'aé', 'a\u007f', 'a'.repeat(4096)]) {
      const attempt = () => write({}, null, bad as Token)
      expect(attempt, JSON.stringify(bad.slice(0, 9))).toThrow(SessionError)
      expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
      if (bad.length > 1) expect(attempt).not.toThrow(bad)
    }
  })

  test('name and value together fill 4096 bytes, and no more', () => {
    expect(write({}, null, 'a'.repeat(4096 - '__Host-session'.length) as Token).length).toBeGreaterThan(4096)
    expect(() => write({}, null, 'a'.repeat(4097 - '__Host-session'.length) as Token)).toThrow(SessionError)
  })
})

/** RFC 6265bis section 4.1.1, strictly: known attributes, each once, in the forms the draft gives. */
const GRAMMAR = {
  pair: /^[!#$%&'*+\-.^_`|~\dA-Za-z]+=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/,
  attributes: [
    /^Max-Age=(0|[1-9]\d*)$/,
    /^Expires=Thu, 01 Jan 1970 00:00:00 GMT$/,
    /^Path=\/[\x20-\x3a\x3c-\x7e]*$/,
    /^Domain=[a-z\d-]+(\.[a-z\d-]+)+$/,
    /^HttpOnly$/,
    /^Secure$/,
    /^SameSite=(Lax|Strict|None)$/,
    /^Partitioned$/,
  ],
}

/** The parts of a header that violate the grammar. */
function violations(header: string): readonly string[] {
  const [pair = '', ...attributes] = header.split('; ')
  const names = attributes.map((attribute) => attribute.split('=')[0])
  return [
    ...(GRAMMAR.pair.test(pair) && pair.length - 1 <= 4096 ? [] : ['the pair']),
    ...(names.includes('HttpOnly') ? [] : ['no HttpOnly']),
    ...(new Set(names).size === names.length ? [] : ['an attribute twice']),
    ...attributes.filter((attribute) => GRAMMAR.attributes.filter((form) => form.test(attribute)).length !== 1),
    ...attributes.filter((attribute) => (attribute.split('=')[1] ?? '').length > 1024),
  ]
}

const tokenText = fc.string({ unit: fc.constantFrom(...'ABCXYZabcxyz0189-_'), minLength: 1, maxLength: 64 })
const life = fc.option(
  fc.oneof(fc.integer({ min: 1, max: 500 * 86_400 }), fc.double({ min: 1, max: 1e9, noNaN: true })),
)
const bare = fc.string({ unit: fc.constantFrom(...'abcXYZ09-_.!~'), minLength: 1, maxLength: 20 })
const segment = fc.string({ unit: fc.constantFrom(...'abcXYZ09-_~'), maxLength: 8 })
const path = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
const sameSite = fc.constantFrom('lax', 'strict')
const options: fc.Arbitrary<CookieOptions> = fc.oneof(
  fc.record({
    name: bare.map((text) => `__Host-${text}` as const),
    sameSite: fc.oneof(sameSite, fc.constant('none' as const)),
    partitioned: fc.boolean(),
  }),
  fc.record({ name: bare.map((text) => `__Secure-${text}` as const), path }),
  fc.record({ path, domain: fc.constantFrom('shop.example', 'www.shop.example') }),
  fc.record({ name: bare, path, insecureNoPrefix: fc.constant(true as const) }),
  fc.record({ name: bare, insecureOverHttp: fc.constant(true as const), sameSite }),
)

describe('every header that the carrier makes', () => {
  test('follows the strict grammar', () => {
    fc.assert(
      fc.property(options, tokenText, life, path, (cookie, token, maxAgeSeconds, at) => {
        const carrier = cookieCarrier({ ...cookie, warn: () => {} })
        const view = viewOf(`https://www.shop.example${at}`)
        const changes = [
          ...carrier.write(view, token as Token, { maxAgeSeconds }),
          ...carrier.clear(view),
          ...(carrier.clearDuplicates?.(view) ?? []),
        ]
        expect(changes.flatMap(({ value }) => violations(value))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('is accepted by tough-cookie, which then sends the token and forgets it when told to', () => {
    fc.assert(
      fc.property(options, tokenText, life, (cookie, token, maxAgeSeconds) => {
        const carrier = cookieCarrier({ ...cookie, warn: () => {} })
        const jar = new CookieJar(undefined, { prefixSecurity: 'strict' })
        const at = `https://www.shop.example${cookie.path ?? '/'}`
        const view = viewOf(at)
        const [written] = carrier.write(view, token as Token, { maxAgeSeconds })
        jar.setCookieSync(written?.value ?? '', at, { ignoreError: false })
        const sent = jar.getCookieStringSync(at)
        expect(carrier.read(viewOf(at, { headers: { cookie: sent } })).values).toEqual([token])
        const [cleared] = carrier.clear(view)
        jar.setCookieSync(cleared?.value ?? '', at, { ignoreError: false })
        expect(jar.getCookieStringSync(at)).toBe('')
      }),
      { numRuns: 300 },
    )
  })

  test('clears the cookie with just the attributes that it was set with, in every browser', () => {
    const all: readonly CookieOptions[] = [
      {},
      { sameSite: 'none', partitioned: true },
      { domain: 'shop.example' },
      { path: '/cart' },
      { domain: 'shop.example', path: '/cart', partitioned: true, sameSite: 'none' },
      { name: 'sid', insecureNoPrefix: true },
      { insecureOverHttp: true, domain: 'shop.example' },
    ]
    for (const cookie of all) {
      const agent = new UserAgent()
      const carrier = cookieCarrier({ ...cookie, warn: () => {} })
      const view = viewOf(URL_OF_SHOP)
      for (const { value } of carrier.write(view, TOKEN, { maxAgeSeconds: 60 }))
        expect(agent.receive(URL_OF_SHOP, value)).toBe('kept')
      for (const { value } of carrier.clear(view)) expect(agent.receive(URL_OF_SHOP, value)).toBe('removed')
      expect(agent.list(), JSON.stringify(cookie)).toEqual([])
    }
  })

  test('lives as long as it should in a browser: until it closes, or for its time', () => {
    let now = 1_700_000_000_000
    const agent = new UserAgent({ clock: () => now })
    agent.receive(URL_OF_SHOP, write())
    expect(agent.send(URL_OF_SHOP)).toBe(`__Host-session=${TOKEN}`)
    agent.restart()
    expect(agent.send(URL_OF_SHOP)).toBeNull()
    agent.receive(URL_OF_SHOP, write({}, 3600))
    agent.restart()
    now += 3_599_000
    expect(agent.send(URL_OF_SHOP)).toBe(`__Host-session=${TOKEN}`)
    now += 1000
    expect(agent.send(URL_OF_SHOP)).toBeNull()
  })
})
