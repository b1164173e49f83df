import { describe, expect, it } from 'vitest'
import { fromUtf8, toUtf8 } from '../../src/core/lib/bytes.ts'
import { chain, defined, isPromise } from '../../src/core/lib/maybe.ts'
import { concat, equalText } from '../../src/core/token/token.ts'

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

describe('values that may be promises', () => {
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
