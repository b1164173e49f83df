import { sign } from 'cookie-signature'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { judgeCookie } from '../../src/judge/cookie/judge-cookie.ts'

vi.setConfig({ testTimeout: 60_000 })

const GOOD = '__Host-sid=V1StGXR8_Z5jdHi6BmyT; Path=/; Secure; HttpOnly; SameSite=Lax'

const failing = (line: string): string[] =>
  judgeCookie(line)
    .findings.filter(({ verdict }) => verdict === 'fail')
    .map(({ about, title }) => `${about}: ${title}`)

describe('a Set-Cookie line', () => {
  test('with correct attributes has no failure', () => {
    expect(failing(`Set-Cookie: ${GOOD}`)).toEqual([])
    expect(judgeCookie(GOOD).better).toBe('Set-Cookie: __Host-sid=…; Path=/; Secure; HttpOnly; SameSite=Lax')
  })

  test.each([
    ['a control character', 'sid=a\x01b; Path=/'],
    ['no name', 'abcdef; Path=/'],
    ['a name that is not a token', 's(i)d=abc; Path=/'],
    ['characters that a value must not contain', 'sid=a b,c; Path=/'],
    ['an attribute over 1024 bytes', `sid=abc; Path=/${'x'.repeat(1025)}`],
    ['Max-Age is not a number', 'sid=abc; Max-Age=1h'],
    ['Expires is not a date', 'sid=abc; Expires=soon'],
  ])('grammar: %s', (title, line) => {
    expect(failing(line)).toContain(`grammar: ${title}`)
  })

  test('a nameless cookie that poses as one with a prefix', () => {
    const [finding] = judgeCookie('=__Host-sid=abc; Path=/').findings
    expect(finding?.detail).toContain('looks like a cookie with a prefix')
  })

  test('over 4096 bytes, and a prefix without what it demands: browsers drop it', () => {
    expect(failing(`sid=${'a'.repeat(4100)}; Path=/`).join()).toContain('browsers ignore')
    expect(failing('__Host-sid=abc; Path=/app; Secure').join()).toContain('browsers refuse it')
  })

  test('one signed with a secret of the documentation', () => {
    const value = encodeURIComponent(`s:${sign('abcdefghijkl', 'keyboard cat')}`)
    expect(failing(`connect.sid=${value}; Path=/`)).toContain('value: secret: Signed with a well-known secret')
  })

  test('the findings contain no part of the value', () => {
    const { findings, better } = judgeCookie('sid=SENSITIVEVALUE1234; Path=/')
    expect(JSON.stringify([findings, better])).not.toContain('SENSITIVE')
  })

  test('any bytes are judged without a throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (line) => void judgeCookie(line)))
  })
})
