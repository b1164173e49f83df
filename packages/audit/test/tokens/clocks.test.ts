import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { scoreTokens } from '../../src/judge/tokens/score.ts'
import { findStructures } from '../../src/judge/tokens/structures/find-structures.ts'
import { NOW, seeded } from './generators.ts'

vi.setConfig({ testTimeout: 120_000 })

const hex = (bytes: number): string => randomBytes(bytes).toString('hex')
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const PUSH = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'

function inBase(value: number | bigint, letters: string, length = 0): string {
  let rest = BigInt(value)
  let text = ''
  for (; rest > 0n || text.length < length; rest /= BigInt(letters.length))
    text = letters.charAt(Number(rest % BigInt(letters.length))) + text
  return text
}

function uuid6(ms: number): string {
  const time = ((BigInt(ms) + 12_219_292_800_000n) * 10_000n).toString(16).padStart(15, '0')
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-6${time.slice(12)}-9abc-${hex(6)}`
}

/** 4 bytes of seconds since 2014 and 16 random ones. */
const ksuid = (ms: number) =>
  inBase(BigInt(`0x${(Math.floor(ms / 1000) - 1_400_000_000).toString(16).padStart(8, '0')}${hex(16)}`), BASE62, 27)

let count = 0
const xid = (ms: number) => {
  const bytes = `${Math.floor(ms / 1000).toString(16)}4d88e15b60${(count++).toString(16).padStart(6, '0')}0`
  const bits = [...bytes].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('')
}

const CLOCKS: readonly (readonly [string, (ms: number) => string])[] = [
  ['seconds in decimal before a secret', (ms) => `${Math.floor(ms / 1000)}${hex(16)}`],
  ['milliseconds after a secret', (ms) => `${hex(16)}${ms}`],
  ['microseconds in hex', (ms) => `${(ms * 1000).toString(16)}${hex(16)}`],
  ['seconds in hex at an odd place', (ms) => `a${Math.floor(ms / 1000).toString(16)}${hex(16)}`],
  [
    'milliseconds in base 36, secrets of uneven length',
    (ms) => `${ms.toString(36)}${Math.random().toString(36).slice(2)}`,
  ],
  ['seconds in base 36', (ms) => `${Math.floor(ms / 1000).toString(36)}-${hex(16)}`],
  ['milliseconds in base 62', (ms) => inBase(ms, BASE62) + hex(16)],
  [
    'seconds in base 32',
    (ms) => inBase(Math.floor(ms / 1000), CROCKFORD) + inBase(BigInt(`0x${hex(16)}`), CROCKFORD, 26),
  ],
  ['push ids', (ms) => inBase(ms, PUSH, 8) + inBase(BigInt(`0x${hex(9)}`), PUSH, 12)],
  ['a UUID of version 6', uuid6],
  ['a KSUID', ksuid],
  ['an Xid', xid],
  ['a ULID', (ms) => inBase(ms, CROCKFORD, 10) + inBase(BigInt(`0x${hex(10)}`), CROCKFORD, 16)],
  [
    'bytes in base64url',
    (ms) => Buffer.from(`${Math.floor(ms / 1000).toString(16)}${hex(16)}`, 'hex').toString('base64url'),
  ],
  ['inside JSON', (ms) => Buffer.from(JSON.stringify({ sid: hex(16), at: ms })).toString('base64')],
  ['inside parts that are joined', (ms) => `alice|${Math.floor(ms / 1000)}|${hex(16)}`],
]

const sample = (make: (ms: number) => string, n: number) => {
  const issuedAt = Array.from({ length: n }, (_, i) => NOW + i * 437)
  return { issuedAt, tokens: issuedAt.map((at) => make(at - 20)) }
}

describe('a clock is found', () => {
  test.each(CLOCKS)('%s', (_, make) => {
    const { tokens, issuedAt } = sample(make, 30)
    const found = (options: object) =>
      scoreTokens(tokens, options).parts.flatMap(({ structures }) => structures.map(({ id }) => id))
    expect(found({ issuedAt })).not.toEqual([])
    expect(found({ now: NOW })).not.toEqual([])
  })
})

/** Ids that a clock is not in, though chance would put one there if it could. */
const CLOCKLESS: readonly (readonly [string, () => () => string])[] = [
  ['UUIDs', () => () => randomUUID()],
  ['hex of 4 bytes', () => () => hex(4)],
  ['ten digits', () => () => String(1e9 + (randomBytes(4).readUInt32BE() % 9e9)).padStart(10, '0')],
  [
    'hex behind a constant of many bytes',
    () => {
      const constant = hex(40)
      return () => constant + hex(8)
    },
  ],
  [
    'base64url behind a constant',
    () => {
      const constant = randomBytes(60).toString('base64url')
      return () => constant + randomBytes(9).toString('base64url')
    },
  ],
  [
    'a constant that is the time, before a secret',
    () => {
      const begun = Math.floor(NOW / 1000 - 4000).toString(16)
      return () => begun.slice(0, 6) + hex(9)
    },
  ],
  [
    'a generator that begins near today',
    () => {
      let state = Math.floor(NOW / 1000)
      return () => {
        state = Number((BigInt(state) * 48_271n) % 2_147_483_647n)
        return state.toString(16).padStart(8, '0')
      }
    },
  ],
]

describe('no clock is seen in 2000 samples', () => {
  test.each(CLOCKLESS)('%s', (_, generator) => {
    const issuedAt = Array.from({ length: 10 }, (_, i) => NOW + i * 437)
    const seen = Array.from({ length: 2000 }, (_, run) => {
      const tokens = Array.from({ length: 10 }, generator())
      return findStructures(tokens, { at: run % 2 === 0 ? issuedAt : undefined, now: NOW })
    })
    expect(seen.flat()).toEqual([])
  })
})

test('ids that rise because they are few are no counter', () => {
  const next = seeded(7)
  const rising = Array.from({ length: 3000 }, () => Array.from({ length: 5 }, () => String(1000 + (next() % 9000))))
  const seen = rising.filter((tokens) => findStructures(tokens, { at: undefined, now: NOW }).length > 0)
  expect(seen).toEqual([])
})

test('a counter behind a word is reported in its own base', () => {
  const text = (make: (i: number) => string) =>
    findStructures(
      Array.from({ length: 30 }, (_, i) => make(i)),
      { at: undefined, now: NOW },
    )[0]?.text
  expect(text((i) => `sess${1095 + i}`)).toBe('the token is a counter (decimal), in steps of at most 1')
  expect(text((i) => `sess${(0xab95 + i).toString(16)}`)).toBe('the token is a counter (hex), in steps of at most 1')
})
