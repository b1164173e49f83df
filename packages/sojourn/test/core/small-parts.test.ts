import { afterEach, describe, expect, it, vi } from 'vitest'
import { concat, equalText, fromUtf8, toUtf8 } from '../../src/core/bytes.ts'
import { defined } from '../../src/core/defined.ts'
import { isProduction } from '../../src/core/environment.ts'
import { hostnameOf, hostOf, isLoopbackAddress, isLoopbackHostname } from '../../src/core/host.ts'
import { chain, isPromise } from '../../src/core/maybe.ts'
import { toView } from './kit.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

describe('bytes', () => {
  it('are compared whole, whatever the length', () => {
    expect(equalText('', '')).toBe(true)
    expect(equalText('abc', 'abc')).toBe(true)
    for (const other of ['abd', 'xbc', 'ab', 'abcd', '', 'ABC']) expect(equalText('abc', other)).toBe(false)
    expect(equalText('\u0100', '\u0000')).toBe(false)
  })

  it('come from text and go to it', () => {
    expect(fromUtf8(toUtf8('é\ud83d\ude00'))).toBe('é\ud83d\ude00')
    expect([...concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))]).toEqual([1, 2, 3])
  })
})

describe('production', () => {
  it.each([
    ['production', true],
    ['development', false],
    ['test', false],
    ['', false],
  ])('NODE_ENV %j: %s', (value, expected) => {
    vi.stubEnv('NODE_ENV', value)
    expect(isProduction()).toBe(expected)
  })

  it('is assumed where there is no way to ask', () => {
    for (const process of [undefined, {}, { env: undefined }]) {
      vi.stubGlobal('process', process)
      expect(isProduction()).toBe(true)
    }
    vi.stubGlobal('process', {
      get env(): never {
        throw new Error('PermissionDenied')
      },
    })
    expect(isProduction()).toBe(true)
  })
})

describe('what may be a promise', () => {
  it('is told apart', () => {
    for (const value of [null, undefined, 0, '', 'then', {}, [], () => {}])
      expect(isPromise(value as never)).toBe(false)
    expect(isPromise(Promise.resolve())).toBe(true)
  })

  it('goes on now or later', async () => {
    expect(chain(1, (n: number) => n + 1)).toBe(2)
    expect(chain(null, (n: null) => n)).toBeNull()
    const later = chain(Promise.resolve(1), (n: number) => n + 1)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toBe(2)
  })
})

describe('defined', () => {
  it('leaves out what is undefined, and only that', () => {
    expect(Object.keys(defined({ a: undefined, b: null, c: 0, d: '' }))).toEqual(['b', 'c', 'd'])
  })
})

describe('hosts', () => {
  it.each([
    [{ host: 'Shop.Example:8443' }, 'shop.example:8443', 'shop.example'],
    [{ host: '[::1]:3000' }, '[::1]:3000', '[::1]'],
    [{ host: 'shop.example:' }, 'shop.example:', 'shop.example'],
    [{ host: 'x'.repeat(260) }, 'x'.repeat(260), 'x'.repeat(260)],
    [{ host: 'x'.repeat(261) }, '', ''],
    [{ host: '' }, '', ''],
  ])('%j', (headers, host, hostname) => {
    const view = toView({ headers })
    expect([hostOf(view), hostnameOf(view)]).toEqual([host, hostname])
  })

  it('come from :authority in HTTP/2, and are empty when nothing says', () => {
    const header = (name: string) => (name === ':authority' ? 'H2.example:1' : null)
    expect(hostOf({ ...toView(), header })).toBe('h2.example:1')
    expect(hostOf({ ...toView(), header: () => null })).toBe('')
  })

  it.each([
    ['localhost', true],
    ['shop.localhost', true],
    ['[::1]', true],
    ['127.0.0.1', true],
    ['127.9.255.1', true],
    ['notlocalhost', false],
    ['localhost.example', false],
    ['127.0.0.1.example', false],
    ['x127.0.0.1', false],
    ['128.0.0.1', false],
    ['127.0.0', false],
    ['::1', false],
    ['', false],
  ])('loopback name %s: %s', (name, expected) => {
    expect(isLoopbackHostname(name)).toBe(expected)
  })

  it.each([
    ['::1', true],
    ['127.0.0.1', true],
    ['::ffff:127.0.0.1', true],
    ['127.8.8.8', true],
    ['1127.0.0.1', false],
    ['::11', false],
    ['fe80::1', false],
    ['10.0.0.127', false],
    ['::ffff:10.0.0.1', false],
    ['', false],
  ])('loopback address %s: %s', (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected)
  })
})
