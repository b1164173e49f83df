import { describe, expect, test } from 'vitest'
import { parseSetCookie, type SetCookie } from '../../src/judge/cookie/set-cookie.ts'

const NOW = Date.parse('2026-12-01T10:00:00Z')

const PLAIN: SetCookie = {
  name: 'sid',
  value: 'abc',
  secure: false,
  httpOnly: false,
  partitioned: false,
  sameSite: null,
  domain: null,
  path: null,
  maxAgeSeconds: null,
  repeated: [],
}

describe('a Set-Cookie line, as browsers read it', () => {
  test.each<[string, Partial<SetCookie>]>([
    ['sid=abc', {}],
    [' sid = abc ; Secure', { secure: true }],
    ['sid=abc; SECURE; HttpOnly; Partitioned', { secure: true, httpOnly: true, partitioned: true }],
    ['sid=a=b==', { value: 'a=b==' }],
    ['sid=', { value: '' }],
    ['abc', { name: '', value: 'abc' }],
    ['=abc', { name: '', value: 'abc' }],
    ['sid=abc; SameSite=Lax; samesite=None', { sameSite: 'None', repeated: ['samesite'] }],
    ['sid=abc; Path=/a=b', { path: '/a=b' }],
    ['sid=abc; Path=; Domain=', { path: null, domain: null }],
    ['sid=abc; Domain=.shop.example', { domain: 'shop.example' }],
    ['sid=abc; Domain=shop.example.', { domain: 'shop.example.' }],
    ['sid=abc; Max-Age=60', { maxAgeSeconds: 60 }],
    ['sid=abc; Max-Age=-1', { maxAgeSeconds: -1 }],
    ['sid=abc; Max-Age=x1', { maxAgeSeconds: null }],
    ['sid=abc; Max-Age=1x', { maxAgeSeconds: null }],
    ['sid=abc; Expires=Tue, 01 Dec 2026 10:01:00 GMT', { maxAgeSeconds: 60 }],
    ['sid=abc; Expires=soon', { maxAgeSeconds: null }],
    ['sid=abc; Expires=Tue, 01 Dec 2026 10:01:00 GMT; Max-Age=5', { maxAgeSeconds: 5 }],
    ['sid=abc; Expires=Tue, 01 Dec 2026 10:01:00 GMT; Max-Age=x', { maxAgeSeconds: 60 }],
    ['sid=abc; Path=/; Path=/a; Path=/b; Secure; Secure', { path: '/b', secure: true, repeated: ['path', 'secure'] }],
    ['sid=abc;;; Secure', { secure: true, repeated: [] }],
  ])('%s', (line, differs) => {
    expect(parseSetCookie(line, NOW)).toEqual({ ...PLAIN, ...differs })
  })

  test.each(['', ' ', '=', ' = ; Secure'])('%j is ignored whole', (line) => {
    expect(parseSetCookie(line, NOW)).toBeNull()
  })
})
