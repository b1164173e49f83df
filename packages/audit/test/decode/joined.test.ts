import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { sign } from 'cookie-signature'
import { describe, expect, test, vi } from 'vitest'
import { decode } from '../../src/judge/decode/decode.ts'
import { judgeToken } from '../../src/judge/decode/judge-token.ts'
import { revealsOf } from '../../src/judge/decode/reveals.ts'
import { findStructures } from '../../src/judge/tokens/structures/find-structures.ts'

vi.setConfig({ testTimeout: 120_000 })

const NOW = 1_780_000_000_000
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')
const known = new Map([
  ['alice', 'user'],
  ['lantern', 'secret'],
  [createHash('md5').update('lantern').digest('hex'), 'secret'],
] as const)
const SECRET = () => randomBytes(24).toString('base64')

/** The description of each readable value, and its protection. */
function seen(value: string) {
  const decoded = decode(value, { known, now: NOW })
  const reveals = decoded === null ? [] : revealsOf(decoded, known)
  return [decoded?.protection, ...reveals.map(({ what }) => what)]
}

describe('parts that are joined by a sign', () => {
  test.each([
    ['a name in base64, a digit, something encrypted', `${base64('alice')}|0|${SECRET()}`, ['unknown', 'user', 'data']],
    ['the same, percent-encoded', encodeURIComponent(`${base64('alice')}|0|${SECRET()}`), ['unknown', 'user', 'data']],
    ['a name, a time and a hash', `alice|1780000500|${randomBytes(20).toString('hex')}`, ['unknown', 'user', 'time']],
    [
      'the same under base64',
      base64(`alice:1780000500000:${randomBytes(16).toString('hex')}`),
      ['unknown', 'user', 'time'],
    ],
    ['a name that nobody told of', `${base64('margaretha')}~${SECRET()}`, ['unknown', 'data']],
    ['an address', `margaret@example.com,${randomBytes(16).toString('hex')}`, ['unknown', 'e-mail address']],
    ['pairs', 'uid=17&role=member&exp=1780000500', ['none', 'user', 'role', 'time']],
    ['pairs with a signature', `user=al&sig=${randomBytes(16).toString('hex')}`, ['unknown', 'user']],
    ['JSON in base64, and a signature', `${base64('{"id":7}')}.${SECRET()}`, ['unknown', 'token id']],
    [
      'JSON in hex',
      `${Buffer.from('{"id":7}').toString('hex')}-${randomBytes(16).toString('hex')}`,
      ['unknown', 'token id'],
    ],
    ['JSON, percent-encoded, as one of the parts', `%7B%22id%22%3A7%7D;${SECRET()}`, ['unknown', 'token id']],
    ['a name and a number, and nothing else', 'alice:42', ['none', 'user', 'data']],
    ['a time before an id', `1780000500-${randomBytes(16).toString('hex')}`, ['unknown', 'time']],
    ['the name alone', 'alice', ['none', 'user']],
    ['the name in base64', 'YWxpY2U=:1', ['none', 'user', 'data']],
    ['a hash of the password', `7:${createHash('md5').update('lantern').digest('hex')}`, ['none', 'data', 'secret']],
  ])('%s', (_, value, expected) => {
    expect(seen(value)).toEqual(expected)
  })

  test('a password in a token is worse than a name', () => {
    const words = (value: string) => judgeToken(value, { known, now: NOW }, true).map(({ title }) => title)
    expect(words(base64('alice:lantern'))).toContain('Readable personal data')
    expect(words(`${base64('alice')}|${SECRET()}`)).not.toContain('Readable personal data')
  })

  test('no value is reported', () => {
    const told = JSON.stringify(judgeToken(`${base64('margaret@example.com')}|lantern|${SECRET()}`, { known }, true))
    expect(told).not.toMatch(/margaret|lantern/)
  })
})

const hex = (bytes: number) => randomBytes(bytes).toString('hex')
const letters = (alphabet: string, length: number) =>
  [...randomBytes(length)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('')
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const NANO = `${BASE36}ABCDEFGHIJKLMNOPQRSTUVWXYZ_-`

const FORMATS: readonly (readonly [string, () => string])[] = [
  ['UUID of version 4', () => randomUUID()],
  ['nanoid', () => letters(NANO, 21)],
  ['base64url of 16 bytes', () => randomBytes(16).toString('base64url')],
  ['base64url of 32 bytes', () => randomBytes(32).toString('base64url')],
  ['hex of 16 bytes', () => hex(16)],
  ['hex of 32 bytes', () => hex(32)],
  ['s:id.signature', () => `s:${sign(randomBytes(24).toString('base64url'), 'a key')}`],
  ['two joined by a dot', () => `${randomBytes(16).toString('base64url')}.${randomBytes(32).toString('base64url')}`],
  ['two joined by a bar', () => `${hex(8)}|${SECRET()}`],
  ['25 letters of 36', () => letters(BASE36, 25)],
  // Shorter parts than anyone should use: chance has most room in them.
  ['eight hex digits', () => hex(4)],
  ['five parts of eight letters', () => Array.from({ length: 5 }, () => randomBytes(6).toString('base64')).join(':')],
  ['forty digits', () => letters('0123456789', 40)],
  ['base32', () => letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)],
]

describe('random parts say nothing', () => {
  test.each(FORMATS)('10 000 times %s', (_, make) => {
    const said = Array.from({ length: 10_000 }, make).filter((token) => {
      const decoded = decode(token, { known, now: NOW })
      return decoded !== null && !(decoded.kind === 'express-signed' && decode(String(decoded.content)) === null)
    })
    expect(said).toEqual([])
  })

  test.each(FORMATS)('nor is a clock or a counter seen in 300 samples of %s', (_, make) => {
    const seen = Array.from({ length: 300 }, () =>
      findStructures(Array.from({ length: 10 }, make), { at: undefined, now: NOW }),
    )
    expect(seen.flat()).toEqual([])
  })
})
