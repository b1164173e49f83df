import { type CookieOptions, cookieCarrier, SessionError } from 'sojourn'
import { describe, expect, test } from 'vitest'

/** As JavaScript may call it, past the types. */
function create(options: object): unknown {
  return cookieCarrier(options as CookieOptions)
}

describe('cookie options that browsers would drop, or nobody should send, with the fix', () => {
  test.each<[options: object, fix: RegExp]>([
    [{ name: '__Host-id', domain: 'shop.example' }, /takes no domain and no path: name it "__Secure-id"/],
    [{ name: '__Host-id', path: '/cart' }, /takes no domain and no path: name it "__Secure-id"/],
    [{ name: '__Host-Http-id', domain: 'shop.example' }, /name it "__Secure-id"/],
    [{ name: '__Host-id', insecureOverHttp: true }, /needs Secure: name it "id", or remove insecureOverHttp/],
    [{ name: '__Secure-id', insecureOverHttp: true }, /needs Secure/],
    [{ sameSite: 'none', insecureOverHttp: true }, /need Secure: remove insecureOverHttp/],
    [{ partitioned: true, insecureOverHttp: true }, /need Secure: remove insecureOverHttp/],
    [{ name: 'sid' }, /name it "__Host-sid", or set insecureNoPrefix: true/],
    [{ name: 'sid', domain: 'shop.example' }, /insecureNoPrefix/],
    [{ name: 'x__Host-sid' }, /name it "__Host-x__Host-sid", or set insecureNoPrefix: true/],
    [{ name: '__host-sid' }, /with the prefix spelled exactly: "__Host-session"/],
    [{ name: '__HOST-sid', insecureNoPrefix: true }, /with the prefix spelled exactly/],
    [{ name: '__secure-sid', insecureOverHttp: true }, /with the prefix spelled exactly/],
    [{ name: '__http-sid', insecureNoPrefix: true }, /with the prefix spelled exactly/],
    [{ name: '' }, /HTTP token/],
    [{ name: '__Host-' }, /HTTP token/],
    [{ name: '__Host-a b' }, /HTTP token/],
    [{ name: '__Host-a;b' }, /HTTP token/],
    [{ name: '__Host-a=b' }, /HTTP token/],
    [{ name: '__Host-sessiön' }, /HTTP token/],
    [{ name: '__Host-a\r\nb' }, /HTTP token/],
    [{ name: `__Host-${'a'.repeat(250)}` }, /HTTP token/],
    [{ sameSite: 'Lax' }, /"lax" or "strict" or "none"/],
    [{ sameSite: false }, /"lax" or "strict" or "none"/],
    [{ domain: '' }, /domain must look like "example.com"/],
    [{ domain: '.shop.example' }, /no leading dot/],
    [{ domain: 'Shop.example' }, /lower case/],
    [{ domain: 'localhost' }, /domain/],
    [{ domain: 'shop.example:8443' }, /no port/],
    [{ domain: 'shop.example.' }, /domain/],
    [{ domain: 'shop..example' }, /domain/],
    [{ domain: '-shop.example' }, /domain/],
    [{ domain: 'shop-.example' }, /domain/],
    [{ domain: 'shop.123' }, /no IP address/],
    [{ domain: 'shöp.example' }, /domain/],
    [{ domain: 'shop.example; Path=/x' }, /domain/],
    [{ domain: '192.0.2.1' }, /no IP address/],
    [{ domain: '[::1]' }, /domain/],
    [{ domain: `${'a'.repeat(64)}.example` }, /domain/],
    [{ domain: `${'a.'.repeat(130)}example` }, /domain/],
    [{ domain: 5 }, /domain/],
    [{ path: '' }, /path must begin with "\/"/],
    [{ path: 'cart' }, /path must begin with "\/"/],
    [{ path: '/a;b' }, /without ";"/],
    [{ path: '/a\r\nb' }, /ASCII/],
    [{ path: '/ä' }, /ASCII/],
    [{ path: `/${'a'.repeat(1024)}` }, /path/],
  ])('%o', (options, fix) => {
    const attempt = () => create(options)
    expect(attempt).toThrow(SessionError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringMatching(fix) }))
  })
})

describe('cookie options that are good', () => {
  test.each<[options: CookieOptions]>([
    [{}],
    [{ name: '__Host-id' }],
    [{ name: '__Host-Http-id', path: '/' }],
    [{ name: '__Http-id', path: '/cart' }],
    [{ name: '__Secure-id', domain: 'shop.example', path: '/cart' }],
    [{ domain: 'xn--shp-tna.example' }],
    [{ domain: 'shop.xn--p1ai' }],
    [{ domain: '1.shop.example' }],
    [{ path: '/a b' }],
    [{ sameSite: 'none', partitioned: true }],
    [{ name: 'sid', insecureNoPrefix: true, domain: 'shop.example' }],
    [{ name: 'sid', insecureOverHttp: true }],
    [{ name: `__Host-${'a'.repeat(249)}` }],
    [{ name: 'x__Host-id', insecureNoPrefix: true, domain: 'shop.example' }],
    [{ path: `/${'a'.repeat(1023)}` }],
    [{ domain: `${'a'.repeat(63)}.example` }],
    [{ domain: `${'a.'.repeat(123)}example` }],
    [{ name: "!#$%&'*+-.^_`|~", insecureNoPrefix: true }],
  ])('%o', (options) => {
    expect(() => cookieCarrier(options)).not.toThrow()
  })
})

test('browsers attach cookies unasked, so requests need a cross-origin check', () => {
  expect(cookieCarrier()).toMatchObject({ name: 'cookie', ambient: true, vary: 'Cookie' })
})
