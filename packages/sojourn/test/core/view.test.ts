import type { RequestView } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { hostnameOf, hostOf, isLoopbackAddress, isLoopbackHostname } from '../../src/core/lib/view.ts'

function requestOf(headers: Readonly<Record<string, string>>): RequestView {
  return { method: 'GET', url: '/', secure: false, peer: null, header: (name) => headers[name] ?? null }
}

describe('whom a request is for', () => {
  test.each<[headers: Readonly<Record<string, string>>, host: string, hostname: string]>([
    [{ host: 'shop.example' }, 'shop.example', 'shop.example'],
    [{ host: 'Shop.Example:8443' }, 'shop.example:8443', 'shop.example'],
    [{ host: '[::1]' }, '[::1]', '[::1]'],
    [{ host: '[2001:DB8::1]:80' }, '[2001:db8::1]:80', '[2001:db8::1]'],
    [{ host: 'shop.example:' }, 'shop.example:', 'shop.example'],
    [{ ':authority': 'shop.example:8443' }, 'shop.example:8443', 'shop.example'],
    [{ host: 'one.example', ':authority': 'two.example' }, 'one.example', 'one.example'],
    [{ host: '' }, '', ''],
    [{}, '', ''],
    [{ host: `${'a'.repeat(252)}.example` }, `${'a'.repeat(252)}.example`, `${'a'.repeat(252)}.example`],
    [{ host: `${'a'.repeat(253)}.example` }, '', ''],
  ])('%o', (headers, host, hostname) => {
    expect(hostOf(requestOf(headers))).toBe(host)
    expect(hostnameOf(requestOf(headers))).toBe(hostname)
  })
})

describe('names of the local machine', () => {
  test.each(['localhost', 'shop.localhost', 'a.b.localhost', '127.0.0.1', '127.255.255.254', '[::1]'])(
    '%s, as a host',
    (name) => {
      expect(isLoopbackHostname(name)).toBe(true)
    },
  )

  test.each([
    '',
    'localhos',
    'xlocalhost',
    'localhost.example',
    '127.0.0.1.example',
    '127.0.0',
    '127.evil',
    '1127.0.0.1',
    '12.7.0.1',
    '::1',
    '[::2]',
    '[::ffff:127.0.0.1]',
  ])('not %s, as a host', (name) => {
    expect(isLoopbackHostname(name)).toBe(false)
  })

  test.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['128.0.0.1', false],
    ['12.7.0.0', false],
    ['::2', false],
    ['::ffff:128.0.0.1', false],
    ['203.0.113.9', false],
    ['fe80::1', false],
    ['', false],
  ])('%s, as an address: %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected)
  })
})
