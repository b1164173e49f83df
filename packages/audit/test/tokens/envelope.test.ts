import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { scoreTokens } from '../../src/judge/tokens/score.ts'
import { counter, NOW } from './generators.ts'

vi.setConfig({ testTimeout: 60_000 })

const sign = (value: string): string => createHmac('sha256', 'a key nobody knows').update(value).digest('base64url')
const express = (id: string): string =>
  encodeURIComponent(`s:${id}.${createHmac('sha256', 'unknown').update(id).digest('base64').replace(/=+$/, '')}`)
const jwt = (payload: object): string => {
  const body = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
  return `${body}.${sign(body)}`
}
const many = (make: (i: number) => string): string[] => Array.from({ length: 60 }, (_, i) => make(i))
const score = (tokens: readonly string[]) => scoreTokens(tokens, { now: NOW })

describe('a signature hides no weak id', () => {
  test('a counter signed by Express', () => {
    const result = score(counter(60).map(express))
    expect(result.layers).toEqual(['percent-encoding', 'Express signed cookie'])
    expect(result.verdict).toBe('predictable')
    expect(result.reasons.join(' ')).toContain('as strong as the key')
  })

  test('a strong id signed by Express', () => {
    expect(score(many(() => express(randomBytes(24).toString('base64url')))).verdict).toBe('no-weakness-found')
  })

  test('a counter under base64 under base64', () => {
    const twice = (text: string) =>
      Buffer.from(Buffer.from(`user=admin;n=${text}`).toString('base64')).toString('base64')
    const result = score(counter(60).map(twice))
    expect(result.layers).toEqual(['values joined by ";"'])
    expect(result.effectiveBits).toBeLessThan(8)
  })

  test('a JWT of a user and a time is reported as such, and not as random', () => {
    const result = score(many((i) => jwt({ sub: 'alice', iat: Math.floor(NOW / 1000) + i })))
    expect(result.verdict).toBe('self-contained')
    expect(result.parts.map(({ name }) => name)).toEqual(['$.iat'])
  })

  test('a JWT with a random jti has the strength of that', () => {
    const result = score(
      many((i) => jwt({ sub: 'alice', iat: Math.floor(NOW / 1000) + i, jti: randomBytes(16).toString('hex') })),
    )
    expect(result.verdict).toBe('no-weakness-found')
    expect(result.parts.map(({ name }) => name)).toEqual(['$.iat', '$.jti'])
  })

  test('JSON without a signature is scored by what varies in it', () => {
    const result = score(many((i) => Buffer.from(JSON.stringify({ user: 'alice', n: 5000 + i })).toString('base64')))
    expect(result.verdict).toBe('predictable')
  })

  test('an encrypted token is not judged by its ciphertext', () => {
    const laravel = () =>
      Buffer.from(
        JSON.stringify({
          iv: randomBytes(16).toString('base64'),
          value: randomBytes(64).toString('base64'),
          mac: randomBytes(32).toString('hex'),
          tag: '',
        }),
      ).toString('base64')
    expect(score(many(laravel)).verdict).toBe('opaque')
  })
})
