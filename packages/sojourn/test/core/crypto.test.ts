import { createHash, createHmac, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as node from '../../src/platform/crypto.node.ts'
import * as web from '../../src/platform/crypto.web.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const bytes = fc.uint8Array({ maxLength: 300 })

describe.each([
  ['node', node],
  ['web', web],
] as const)('crypto.%s', (_, crypto) => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('SHA-256 of %j (FIPS 180-4)', (text, expected) => {
    expect(crypto.sha256Text(utf8(text))).toBe(Buffer.from(expected, 'hex').toString('base64url'))
  })

  it.each([
    ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      '4a656665',
      hex(utf8('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(131),
      hex(utf8('Test Using Larger Than Block-Size Key - Hash Key First')),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('HMAC-SHA-256 (RFC 4231) %#', (key, data, expected) => {
    expect(hex(crypto.hmacSha256(Buffer.from(key, 'hex'), Buffer.from(data, 'hex')))).toBe(expected)
  })

  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
    ['\u00ff\u00fe\u00fb', 'w7_DvsO7'],
  ])('base64url of %j (RFC 4648) is %s', (text, expected) => {
    expect(crypto.toBase64url(utf8(text))).toBe(expected)
    expect(hex(crypto.fromBase64url(expected))).toBe(hex(utf8(text)))
  })

  it('base64url uses - and _', () => {
    expect(crypto.toBase64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-')
    expect(hex(crypto.fromBase64url('-__-'))).toBe('fbfffe')
  })

  it.each(['!', 'A', '%%%%', 'a b c', '\u0000', '\ud800', 'AAAAA', '====', 'é'])(
    'base64url that is none throws nothing: %j',
    (text) => {
      expect(crypto.fromBase64url(text)).toBeInstanceOf(Uint8Array)
    },
  )

  it('works on a part of a larger buffer', () => {
    const part = Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4)
    expect(crypto.toBase64url(part)).toBe('AQID')
    expect(crypto.sha256Text(part)).toBe(createHash('sha256').update('\u0001\u0002\u0003').digest('base64url'))
    expect(hex(crypto.hmacSha256(part, part))).toBe(createHmac('sha256', part).update(part).digest('hex'))
  })

  it('random bytes: the length asked for, never again, and nobody’s to change', () => {
    for (const length of [0, 1, 24, 40, 4095, 4096, 4097, 10_000])
      expect(crypto.randomBytes(length)).toHaveLength(length)
    const drawn = Array.from({ length: 1000 }, () => crypto.randomBytes(16))
    expect(new Set(drawn.map(hex)).size).toBe(1000)
    expect(new Set(drawn.map((one) => one.buffer)).size).toBe(1000)
  })

  it('random bytes: no byte is zero for long', () => {
    const zeros = Array.from({ length: 400 }, () => crypto.randomBytes(40)).map((one) =>
      one.every((byte) => byte === 0),
    )
    expect(zeros).not.toContain(true)
    for (let at = 0; at < 40; at++) {
      expect(Array.from({ length: 60 }, () => crypto.randomBytes(40)[at]).some((byte) => byte !== 0)).toBe(true)
    }
  })

  it('AES-256-GCM opens what it sealed, and nothing else', async () => {
    const key = crypto.randomBytes(32)
    const sealed = await crypto.encrypt(key, utf8('plain'), utf8('context'))
    expect(sealed).toHaveLength(12 + 5 + 16)
    expect(hex((await crypto.decrypt(key, sealed, utf8('context'))) ?? new Uint8Array())).toBe(hex(utf8('plain')))
    expect(await crypto.decrypt(key, sealed, utf8('other'))).toBeNull()
    expect(await crypto.decrypt(crypto.randomBytes(32), sealed, utf8('context'))).toBeNull()
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await crypto.decrypt(key, changed, utf8('context'))).toBeNull()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await crypto.decrypt(key, sealed.subarray(0, length), utf8('context'))).toBeNull()
    }
  })

  it('AES-256-GCM takes a fresh nonce each time', async () => {
    const key = crypto.randomBytes(32)
    const nonces = await Promise.all(
      Array.from({ length: 100 }, async () => hex((await crypto.encrypt(key, utf8('x'), utf8(''))).subarray(0, 12))),
    )
    expect(new Set(nonces).size).toBe(100)
  })

  it('seals nothing at all, too', async () => {
    const key = crypto.randomBytes(32)
    expect(await crypto.decrypt(key, await crypto.encrypt(key, utf8(''), utf8('')), utf8(''))).toHaveLength(0)
  })
})

describe('both platforms agree', () => {
  it('property: on hashes and text', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(web.sha256Text(a)).toBe(node.sha256Text(a))
        expect(hex(web.hmacSha256(a, b))).toBe(hex(node.hmacSha256(a, b)))
        expect(web.toBase64url(a)).toBe(node.toBase64url(a))
        expect(hex(web.fromBase64url(web.toBase64url(a)))).toBe(hex(a))
        expect(hex(node.fromBase64url(web.toBase64url(a)))).toBe(hex(a))
      }),
    )
  })

  it('property: each opens what the other sealed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (plain, context) => {
        const key = node.randomBytes(32)
        expect(hex((await web.decrypt(key, node.encrypt(key, plain, context), context)) ?? utf8('no'))).toBe(hex(plain))
        expect(hex(node.decrypt(key, await web.encrypt(key, plain, context), context) ?? utf8('no'))).toBe(hex(plain))
      }),
      { numRuns: 50 },
    )
  })

  it('export the same names', () => {
    expect(Object.keys(web).sort()).toEqual(Object.keys(node).sort())
  })

  it('HKDF-SHA-256 of one block, as renewal makes it, is RFC 5869’s', async () => {
    const { deriveSuccessor } = await import('../../src/core/token/secrets.ts')
    const secret = node.randomBytes(24)
    const nonce = node.randomBytes(16)
    const expected = hkdfSync('sha256', secret, nonce, 'sojourn renewal v1', 24)
    expect(hex(deriveSuccessor(secret, node.toBase64url(nonce)))).toBe(hex(new Uint8Array(expected)))
  })
})
