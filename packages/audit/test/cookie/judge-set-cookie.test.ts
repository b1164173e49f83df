import { describe, expect, test } from 'vitest'
import { type CookieContext, judgeSetCookie } from '../../src/judge/cookie/attributes.ts'
import { parseSetCookie } from '../../src/judge/cookie/set-cookie.ts'

const HTTPS: CookieContext = { channel: 'https', host: 'shop.example' }
const NOW = Date.parse('2026-12-01T10:00:00Z')

function judged(line: string, context: CookieContext = HTTPS): ReturnType<typeof judgeSetCookie> {
  const cookie = parseSetCookie(line, NOW)
  if (cookie === null) throw new Error(`${line} is no cookie`)
  return judgeSetCookie(cookie, context)
}

/** `about verdict severity` of each finding. */
const verdicts = (line: string, context?: CookieContext): string[] =>
  judged(line, context).map(({ about, verdict, severity }) => [about, verdict, severity ?? ''].join(' ').trim())

const says = (line: string, attribute: string, context?: CookieContext): string | undefined =>
  judged(line, context).find(({ about }) => about === attribute)?.title

/** Everything right but for what a test adds. */
const BEST = '__Host-sid=abc; Secure; HttpOnly; SameSite=Lax; Path=/'
const BEST_VERDICTS = ['Secure pass', 'HttpOnly pass', 'SameSite pass', 'prefix pass', 'Domain pass', 'lifetime pass']

describe('verdicts on a cookie that carries a session', () => {
  test.each<[string, string[]]>([
    [BEST, BEST_VERDICTS],
    [
      'sid=abc',
      [
        'Secure fail high',
        'HttpOnly fail medium',
        'SameSite fail low',
        'prefix inform',
        'Domain pass',
        'lifetime pass',
        'Path inform',
      ],
    ],
    [
      'sid=abc; SameSite=None; Path=/',
      [
        'Secure fail high',
        'HttpOnly fail medium',
        'SameSite fail medium',
        'prefix inform',
        'Domain pass',
        'lifetime pass',
      ],
    ],
    [BEST.replace('Lax', 'Strict'), BEST_VERDICTS],
    [BEST.replace('Lax', 'lax'), BEST_VERDICTS],
    [BEST.replace('Lax', 'None'), BEST_VERDICTS.with(2, 'SameSite inform')],
    [BEST.replace('Lax', 'Laxx'), BEST_VERDICTS.with(2, 'SameSite fail low')],
    [`${BEST}; Domain=shop.example`, BEST_VERDICTS.with(3, 'prefix fail medium').with(4, 'Domain inform')],
    [BEST.replace('Path=/', 'Path=/a'), BEST_VERDICTS.with(3, 'prefix fail medium')],
    [BEST.replace('; Path=/', ''), [...BEST_VERDICTS.with(3, 'prefix fail medium'), 'Path inform']],
    [BEST.replace('; Secure', ''), BEST_VERDICTS.with(0, 'Secure fail high').with(3, 'prefix fail medium')],
    [BEST.replace('__Host-', '__host-'), BEST_VERDICTS],
    [`${BEST.replace('__Host-', '__Secure-')}; Domain=shop.example`, BEST_VERDICTS.with(4, 'Domain inform')],
    [BEST.replace('__Host-', '__Http-'), BEST_VERDICTS],
    [
      BEST.replace('__Host-', '__Http-').replace('; HttpOnly', ''),
      BEST_VERDICTS.with(1, 'HttpOnly fail medium').with(3, 'prefix fail medium'),
    ],
    [BEST.replace('__Host-', '__Host-Http-'), BEST_VERDICTS],
    [
      BEST.replace('__Host-', '__Host-Http-').replace('; HttpOnly', ''),
      BEST_VERDICTS.with(1, 'HttpOnly fail medium').with(3, 'prefix fail medium'),
    ],
    [
      `${BEST.replace('__Host-', '__Host-Http-')}; Domain=shop.example`,
      BEST_VERDICTS.with(3, 'prefix fail medium').with(4, 'Domain inform'),
    ],
    [BEST.replace('__Host-sid', 'my__Host-sid'), BEST_VERDICTS.with(3, 'prefix inform')],
    [`${BEST}; Max-Age=60`, BEST_VERDICTS.with(5, 'lifetime inform')],
    [`${BEST}; Secure`, [...BEST_VERDICTS, 'repeated inform']],
    [BEST.replace('abc', 'a'.repeat(4096 - '__Host-sid'.length)), BEST_VERDICTS],
    [BEST.replace('abc', 'a'.repeat(4097 - '__Host-sid'.length)), [...BEST_VERDICTS, 'size fail medium']],
  ])('%s', (line, expected) => {
    expect(verdicts(line)).toEqual(expected)
  })

  test('without Secure over plain http on this machine, nothing can be said', () => {
    expect(verdicts('sid=abc; HttpOnly; SameSite=Lax; Path=/', { channel: 'http-loopback', host: null })[0]).toBe(
      'Secure cannot-judge',
    )
  })

  test.each(['http', 'unknown', 'https'] as const)('without Secure over %s, it fails', (channel) => {
    expect(verdicts('sid=abc', { channel, host: null })[0]).toBe('Secure fail high')
  })
})

describe('findings', () => {
  test.each<[string, string, RegExp]>([
    [BEST, 'Secure', /TLS only/],
    ['sid=abc', 'Secure', /also sent over plain http/],
    [BEST, 'HttpOnly', /scripts cannot read it/],
    ['sid=abc', 'HttpOnly', /any script in the page/],
    [BEST, 'SameSite', /^Lax$/],
    ['sid=abc', 'SameSite', /^not set: Firefox and Safari/],
    ['sid=abc; SameSite=Laxx', 'SameSite', /^Laxx is not a valid value: Firefox and Safari/],
    ['sid=abc; SameSite=None', 'SameSite', /without Secure: browsers refuse/],
    ['sid=abc; SameSite=None; Secure', 'SameSite', /from any site/],
    ['sid=abc', 'prefix', /another host of the same site can plant/],
    [`${BEST}; Domain=shop.example`, 'prefix', /browsers refuse it: __Host- requires/],
    [BEST, 'prefix', /^__Host- and the attributes that it requires$/],
    [BEST, 'Domain', /this host only/],
    ['sid=abc; Domain=example', 'Domain', /^example: every host below/],
    ['sid=abc; Domain=SHOP.example', 'Domain', /set to the host itself/],
    ['sid=abc; Max-Age=86399', 'lifetime', /86399 s, after the browser is closed/],
    ['sid=abc; Max-Age=86400', 'lifetime', /1\.0 days, after the browser is closed/],
    ['sid=abc; Max-Age=34560000', 'lifetime', /400\.0 days, after the browser is closed/],
    ['sid=abc; Max-Age=34560001', 'lifetime', /400\.0 days, more than the 400/],
    [BEST, 'lifetime', /until the browser is closed/],
    ['sid=abc; Path=/; Path=/a; Secure; Secure', 'repeated', /more than once: path, secure; the last one counts/],
    [`sid=${'a'.repeat(4096)}`, 'size', /^4099 bytes: browsers ignore cookies over 4096/],
    ['sid=abc', 'Path', /depends on the address/],
  ])('%s: %s', (line, attribute, expected) => {
    expect(says(line, attribute)).toMatch(expected)
  })

  test('with the host unknown, a domain is not said to be wider', () => {
    expect(says('sid=abc; Domain=example', 'Domain', { channel: 'unknown', host: null })).toMatch(/the host itself/)
  })

  test('over plain http on this machine, it says to audit over https', () => {
    expect(says('sid=abc', 'Secure', { channel: 'http-loopback', host: null })).toMatch(
      /https only, so audit the https address/,
    )
  })
})
