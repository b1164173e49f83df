import fc from 'fast-check'
import { returnPath } from 'sojourn/fetch'
import { describe, expect, test } from 'vitest'

/** What attackers put into `returnTo`. Many were accepted by checks of real applications. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  'evil.example',
  'account',
  '.',
  '../account',
  '?next=1',
  '#top',
  'https://evil.example',
  'HTTPS://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'http:///evil.example',
  '//evil.example',
  '///evil.example',
  '////evil.example/%2f..',
  '//evil.example\\@shop.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\\evil.example',
  '/\\/evil.example',
  '/account\\..\\evil',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r/evil.example',
  '\t//evil.example',
  ' //evil.example',
  ' /account',
  '/account ',
  '/a b',
  '/account\r\nSet-Cookie: session=planted',
  '/account\u0000',
  '/account\u007f',
  '/account\u0085',
  '/\u2028/evil.example',
  '/\u2215/evil.example',
  '/\uff0fevil.example',
  '/\uff3cevil.example',
  '/\u3002evil',
  '/caf\u00e9',
  '/\ud800',
  '\ufeff/account',
  '\u202e/account',
  '/.//evil.example',
  '/..//evil.example',
  '/account/..//evil.example',
  '/%2e//evil.example',
  '/%2E%2E//evil.example',
  '/%2fevil.example',
  '/%2F%2Fevil.example',
  '/%5cevil.example',
  '/account%5c..',
  '/%09/evil.example',
  '/%0d%0aSet-Cookie:planted=1',
  '/account%00',
  '/%',
  '/%zz',
  '/%c0%af/evil.example',
  '/%ff',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)//',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'mailto:ada@evil.example',
  'blob:https://shop.example/1',
  '@evil.example',
  ':80@evil.example',
  'shop.example/account',
  'https://shop.example/account',
  'https://shop.example@evil.example/',
  '//shop.example@evil.example/',
  '/<script>\\',
  `/${'a'.repeat(2048)}`,
  `/account?${'a'.repeat(100_000)}`,
]

const GOOD: readonly string[] = [
  '/',
  '/account',
  '/account/',
  '/account?tab=devices&page=2',
  '/account#devices',
  '/a//b',
  '/search?q=https://evil.example//x',
  '/search?q=%0d%0a%5c%2f%2f',
  '/caf%C3%A9/%E2%82%AC',
  '/group%2Fproject',
  '/~ada/.well-known/x;v=1,2:3@4!$&\'()*+=[]{}|^`"<>',
  '/confirm?returnTo=%2Fpassword',
  `/${'a'.repeat(2047)}`,
]

/** Where browsers go. */
const followed = (location: string): URL => new URL(location, 'https://shop.example/sign-in')

describe('open redirect', () => {
  test.each(HOSTILE.map((path) => [path.length > 80 ? `${path.length} characters` : JSON.stringify(path), path]))(
    'to %s: the user returns to the start page',
    (_, path) => {
      expect(returnPath(path)).toBe('/')
      expect(returnPath(path, '/account')).toBe('/account')
    },
  )

  test('there are at least 40 hostile paths', () => {
    expect(new Set(HOSTILE).size).toBeGreaterThan(40)
  })

  test.each([[undefined], [null], [42], [true], [['/account']], [{ path: '/account' }], [Symbol('x')], [() => '/']])(
    'a parameter that is no text (%#) leads nowhere',
    (value) => {
      expect(returnPath(value, '/home')).toBe('/home')
    },
  )

  test.each(GOOD.map((path) => [path]))('%s is kept', (path) => {
    expect(returnPath(path, '/no')).toBe(path)
    expect(followed(path).origin).toBe('https://shop.example')
  })

  test('whatever the text is, a browser stays on the host, and the text is one header value', () => {
    const pieces = [
      '/',
      '\\',
      '.',
      '..',
      '%2f',
      '%5c',
      '%2e',
      '\t',
      '\n',
      '\r',
      ' ',
      ':',
      '@',
      '?',
      '#',
      'evil.example',
      'https:',
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(text, (parts) => {
        const path = returnPath(`/${parts.join('')}`, '/refused')
        expect(followed(path).origin).toBe('https://shop.example')
        expect(followed(path).pathname).not.toMatch(/^\/[/\\]/)
        expect(path).toMatch(/^[!-~]+$/)
        // What the next page makes of it, once more.
        expect(followed(followed(path).pathname).origin).toBe('https://shop.example')
      }),
      { numRuns: 2000 },
    )
  })
})
