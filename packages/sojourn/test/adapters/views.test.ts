import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toErrorResponse } from '../../src/adapters/_answer.ts'
import { FetchView } from '../../src/adapters/_fetch-view.ts'
import { NodeView } from '../../src/adapters/_node-open.ts'
import { findClient, type TrustProxy } from '../../src/adapters/_trust-proxy.ts'

interface Row {
  readonly title: string
  readonly trust: TrustProxy
  readonly addresses?: string
  readonly schemes?: string
  readonly peer: string
  readonly secure: boolean
}

const isLocal = (address: string): boolean => address.startsWith('10.')

/** The socket is that of 10.0.0.1, without TLS. */
const ROWS: Row[] = [
  {
    title: 'nobody is trusted: a client that names another address and https is not believed',
    trust: false,
    addresses: '192.0.2.7',
    schemes: 'https',
    peer: '10.0.0.1',
    secure: false,
  },
  {
    title: 'zero hops trust nobody',
    trust: 0,
    addresses: '192.0.2.7',
    schemes: 'https',
    peer: '10.0.0.1',
    secure: false,
  },
  { title: 'one hop', trust: 1, addresses: '192.0.2.7', schemes: 'https', peer: '192.0.2.7', secure: true },
  {
    title: 'one hop: what the client put in front is not believed',
    trust: 1,
    addresses: '203.0.113.66, 192.0.2.7',
    schemes: 'https, http',
    peer: '192.0.2.7',
    secure: false,
  },
  {
    title: 'two hops: the outer proxy was reached over https, the inner without',
    trust: 2,
    addresses: '203.0.113.66, 192.0.2.7, 10.0.0.2',
    schemes: 'http, https, http',
    peer: '192.0.2.7',
    secure: true,
  },
  {
    title: 'two hops, the inner proxy replaces the scheme',
    trust: 2,
    addresses: '192.0.2.7, 10.0.0.2',
    schemes: 'https',
    peer: '192.0.2.7',
    secure: true,
  },
  {
    title: 'more hops than addresses',
    trust: 5,
    addresses: '192.0.2.7',
    schemes: 'https',
    peer: '192.0.2.7',
    secure: true,
  },
  {
    title: 'a function: the first address it does not accept is the client',
    trust: isLocal,
    addresses: '10.9.9.9, 192.0.2.7, 10.0.0.3, 10.0.0.2',
    schemes: 'https',
    peer: '192.0.2.7',
    secure: true,
  },
  {
    title: 'a function that does not accept the peer: a client past the proxy is not believed',
    trust: (address) => address === '10.0.0.99',
    addresses: '192.0.2.7',
    schemes: 'https',
    peer: '10.0.0.1',
    secure: false,
  },
  {
    title: 'everybody is trusted: the leftmost',
    trust: true,
    addresses: '192.0.2.7, 10.0.0.3',
    schemes: 'https, http',
    peer: '192.0.2.7',
    secure: true,
  },
  { title: 'trusted, but the proxy says nothing', trust: true, peer: '10.0.0.1', secure: false },
  { title: 'http said aloud', trust: 1, schemes: 'http', peer: '10.0.0.1', secure: false },
  { title: 'the scheme in capitals', trust: 1, schemes: 'HTTPS', peer: '10.0.0.1', secure: true },
  { title: 'text in place of an address', trust: true, addresses: '<script>', peer: '10.0.0.1', secure: false },
  { title: 'text before an address', trust: true, addresses: '<script>10.0.0.9', peer: '10.0.0.1', secure: false },
  { title: 'text behind an address', trust: true, addresses: '10.0.0.9<script>', peer: '10.0.0.1', secure: false },
  { title: 'text before IPv6 in brackets', trust: 1, addresses: 'a[::1]', peer: '10.0.0.1', secure: false },
  { title: 'text behind IPv6 in brackets', trust: 1, addresses: '[::1]a', peer: '10.0.0.1', secure: false },
  { title: 'text before quotes', trust: 1, addresses: 'a"::1"', peer: '10.0.0.1', secure: false },
  { title: 'text behind quotes', trust: 1, addresses: '"::1"a', peer: '10.0.0.1', secure: false },
  {
    title: 'an interface with too long a name',
    trust: 1,
    addresses: `fe80::1%${'a'.repeat(21)}`,
    peer: '10.0.0.1',
    secure: false,
  },
  { title: 'a port that is none', trust: 1, addresses: '192.0.2.7:471142', peer: '192.0.2.7:471142', secure: false },
  {
    title: 'text before an address with a port',
    trust: 1,
    addresses: 'a192.0.2.7:1',
    peer: 'a192.0.2.7:1',
    secure: false,
  },
  {
    title: 'text before IPv4 as IPv6',
    trust: 1,
    addresses: 'a::ffff:192.0.2.7',
    peer: 'a::ffff:192.0.2.7',
    secure: false,
  },
  { title: 'a name that hides the address', trust: 1, addresses: '_hidden', peer: '10.0.0.1', secure: false },
  { title: 'unknown', trust: 1, addresses: 'unknown', peer: '10.0.0.1', secure: false },
  { title: 'an address with its port', trust: 1, addresses: '192.0.2.7:4711', peer: '192.0.2.7', secure: false },
  { title: 'IPv6 in brackets', trust: 1, addresses: '[2001:db8::7]', peer: '2001:db8::7', secure: false },
  { title: 'IPv6 with its port', trust: 1, addresses: '[2001:db8::7]:443', peer: '2001:db8::7', secure: false },
  { title: 'IPv6 in quotes', trust: 1, addresses: '"[2001:db8::7]:443"', peer: '2001:db8::7', secure: false },
  { title: 'IPv6 with an interface', trust: 1, addresses: 'fe80::1%eth0', peer: 'fe80::1', secure: false },
  { title: 'IPv4 written as IPv6', trust: 1, addresses: '::ffff:192.0.2.7', peer: '192.0.2.7', secure: false },
  { title: 'an empty header', trust: 1, addresses: '', peer: '10.0.0.1', secure: false },
  {
    title: 'a function that knows addresses without ports',
    trust: (address) => address.startsWith('10.'),
    addresses: '192.0.2.7:1, 10.0.0.3:2',
    peer: '192.0.2.7',
    secure: false,
  },
  {
    title: 'everybody is trusted, and more schemes than addresses: the outermost hop counts',
    trust: true,
    addresses: '192.0.2.7',
    schemes: 'https, http',
    peer: '192.0.2.7',
    secure: true,
  },
  { title: 'IPv6', trust: 1, addresses: '2001:db8::7', peer: '2001:db8::7', secure: false },
]

function headersOf({ addresses, schemes }: Row): Record<string, string> {
  return {
    ...(addresses !== undefined && { 'x-forwarded-for': addresses }),
    ...(schemes !== undefined && { 'x-forwarded-proto': schemes }),
  }
}

describe.each(ROWS)('the address of the client, $title', (row) => {
  const headers = headersOf(row)
  const expected = { peer: row.peer, secure: row.secure }

  test('on a node request', () => {
    const request = { method: 'GET', url: '/', headers, socket: { remoteAddress: '10.0.0.1' } }
    const { peer, secure } = new NodeView(request, row.trust)
    expect({ peer, secure }).toEqual(expected)
  })

  test('on a fetch request', () => {
    const { peer, secure } = new FetchView(new Request('http://a/', { headers }), row.trust, () => '10.0.0.1')
    expect({ peer, secure }).toEqual(expected)
  })
})

describe.each(ROWS)('the address of the client behind a proxy with TLS, $title', (row) => {
  const headers = headersOf(row)
  const isTrusted = typeof row.trust === 'function' ? row.trust('10.0.0.1') : row.trust !== false && row.trust !== 0
  // Headers of an untrusted peer are ignored. Without a header, the socket's own values are used.
  const secure = !isTrusted || row.schemes === undefined || row.secure

  test('on a node request', () => {
    const request = { method: 'GET', url: '/', headers, socket: { remoteAddress: '10.0.0.1', encrypted: true } }
    expect(new NodeView(request, row.trust).secure).toBe(secure)
  })

  test('on a fetch request', () => {
    const view = new FetchView(new Request('https://a/', { headers }), row.trust, () => '10.0.0.1')
    expect(view.secure).toBe(secure)
  })
})

test('text of a client is never an address, nor costs much', () => {
  const hostile = fc.oneof(fc.string(), fc.stringMatching(/^[\d.:[\]"%a-f ,]*$/))
  fc.assert(
    fc.property(hostile, (text) => {
      const client = findClient({ peer: '10.0.0.1', secure: false }, true, () => text)
      expect(client.peer).toMatch(/^[\da-f.:]{2,45}$/i)
    }),
  )
})

test('a proxy that listens for IPv4 and IPv6 is known by its IPv4 address', () => {
  const trust = (address: string): boolean => address === '10.0.0.1'
  const client = findClient({ peer: '::ffff:10.0.0.1', secure: false }, trust, () => '192.0.2.7')
  expect(client.peer).toBe('192.0.2.7')
})

test.each([200, 204, 302, 399, 600, 999, '404', null])('an error with the status %s is a 500', (status) => {
  expect(toErrorResponse(Object.assign(new Error('of a driver'), { status })).status).toBe(500)
})

test.each([400, 404, 503, 599])('an error with the status %s keeps it', (status) => {
  expect(toErrorResponse(Object.assign(new Error('of an application'), { status })).status).toBe(status)
})

test('a function is not called with an unknown address', () => {
  const trust = (): boolean => true
  expect(findClient({ peer: null, secure: false }, trust, () => 'https')).toEqual({ peer: null, secure: false })
})

describe('a node request', () => {
  const requestOf = (more: object): IncomingMessage =>
    ({ method: 'POST', url: '/b?x=1', headers: {}, socket: {}, ...more }) as IncomingMessage

  test('shows what was received', () => {
    const request = requestOf({
      headers: { cookie: 'a=1; b=2', 'x-list': ['1', '2'] },
      socket: { remoteAddress: '192.0.2.1', encrypted: true },
    })
    const view = new NodeView(request)
    expect([view.method, view.url, view.secure, view.peer]).toEqual(['POST', '/b?x=1', true, '192.0.2.1'])
    expect(['cookie', 'x-list', 'origin'].map((name) => view.header(name))).toEqual(['a=1; b=2', '1, 2', null])
  })

  test('gives the whole URL when a mount path was cut off', () => {
    expect(new NodeView(requestOf({ originalUrl: '/a/b?x=1' })).url).toBe('/a/b?x=1')
  })

  test('has no header that only an object would have', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(new NodeView(requestOf({})).header(name)).toBe(null)
    }
  })

  test('of a client that has left is a view without an address', () => {
    const view = new NodeView(requestOf({ url: undefined, method: undefined }))
    expect([view.method, view.url, view.peer, view.secure]).toEqual(['GET', '/', null, false])
  })
})

describe('a fetch request', () => {
  test.each([
    ['https://shop.example/cart?x=1', '/cart?x=1', true],
    ['http://shop.example', '/', false],
    ['https://user.example:8443/a/b/?', '/a/b/?', true],
  ])('%s', (url, path, secure) => {
    const view = new FetchView(new Request(url, { method: 'PUT', headers: { Cookie: 'a=1' } }))
    expect([view.method, view.url, view.secure, view.peer]).toEqual(['PUT', path, secure, null])
    expect([view.header('cookie'), view.header('origin')]).toEqual(['a=1', null])
  })
})

describe('a handshake can set no header', () => {
  const ROWS: readonly [boolean, string, string, string | undefined][] = [
    [true, 'a page', 'GET', undefined],
    [true, 'a page for a client that offers HTTP/2', 'GET', 'h2c'],
    [true, 'a form that names the header: its response carries cookies', 'POST', 'websocket'],
    [false, 'a WebSocket', 'GET', 'websocket'],
    [false, 'a WebSocket, in other letters and beside another protocol', 'GET', 'h2c, WebSocket'],
  ]
  test.each(ROWS)('%s: %s', (canSet, _, method, upgrade) => {
    const headers = upgrade === undefined ? {} : { upgrade }
    expect(new NodeView({ method, headers, socket: {} } as unknown as IncomingMessage).canSetHeaders).toBe(canSet)
    expect(new FetchView(new Request('https://shop.example/', { method, headers })).canSetHeaders).toBe(canSet)
  })

  test('HTTP/2: CONNECT', () => {
    const request = { method: 'CONNECT', headers: {}, socket: {} } as unknown as IncomingMessage
    expect(new NodeView(request).canSetHeaders).toBe(false)
  })
})
