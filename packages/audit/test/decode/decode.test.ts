import { createHmac, randomBytes } from 'node:crypto'
import { sign } from 'cookie-signature'
import fc from 'fast-check'
import { sealData } from 'iron-session'
import { describe, expect, test, vi } from 'vitest'
import { decode } from '../../src/judge/decode/decode.ts'
import { phpSerialised } from '../../src/judge/decode/formats/php.ts'
import { guessSecret } from '../../src/judge/decode/guess-secret.ts'
import { revealsOf } from '../../src/judge/decode/reveals.ts'
import { VECTORS } from './vectors.ts'

vi.setConfig({ testTimeout: 60_000 })

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function decoded(value: string, companion = {}) {
  const result = decode(value, companion)
  if (result === null) throw new Error('not decoded')
  return result
}

describe('values that the libraries wrote are read, and their well-known secrets found', () => {
  test.each(VECTORS.map((vector) => [vector.made, vector] as const))('%s', (_, vector) => {
    const { value, name, signature, kind, content, secret } = vector
    const result = decoded(value, { ...(name && { name }), ...(signature && { signature }) })
    expect(result).toMatchObject({ kind, content, protection: 'signed' })
    expect(guessSecret(result)).toBe(secret)
  })

  test.each(['keyboard cat', 'a secret that nobody has written down'])('cookie-signature with "%s"', (secret) => {
    const value = encodeURIComponent(`s:${sign('V1StGXR8_Z5jdHi6B-myT', secret)}`)
    const result = decoded(value)
    expect(result).toMatchObject({ kind: 'express-signed', content: 'V1StGXR8_Z5jdHi6B-myT' })
    expect(guessSecret(result)).toBe(secret === 'keyboard cat' ? secret : null)
  })

  test('iron-session with the password of its own documentation', async () => {
    const password = 'complex_password_at_least_32_characters_long'
    const result = decoded(await sealData({ user: 'alice' }, { password }))
    expect(result).toMatchObject({ kind: 'iron', protection: 'encrypted', content: null })
    expect(guessSecret(result)).toBe(password)
    expect(guessSecret(decoded(await sealData({}, { password: randomBytes(32).toString('hex') })))).toBeNull()
  })

  test('a signature of another secret is never taken for a known one', () => {
    for (const { value, name, signature } of VECTORS) {
      const result = decoded(value, { ...(name && { name }), ...(signature && { signature }) })
      expect(guessSecret(result, ['not it', ''])).toBeNull()
    }
  })

  test('a JWT under RS256 is not tried: nothing but its public key could be guessed', () => {
    const rs = `${base64('{"alg":"RS256"}')}.${base64('{}').replace(/=+$/, '')}.c2ln`.replaceAll('=', '')
    expect(guessSecret(decoded(rs))).toBeNull()
  })
})

describe('shapes', () => {
  const laravel = base64(
    JSON.stringify({
      iv: base64('a'.repeat(16)),
      value: base64('x'),
      mac: createHmac('sha256', 'SomeRandomString')
        .update(base64('a'.repeat(16)) + base64('x'))
        .digest('hex'),
      tag: '',
    }),
  )
  const railsBody = base64(JSON.stringify({ session_id: 'abc', user_id: 5 }))
  const b64 = (n: number) => randomBytes(n).toString('base64')

  test.each([
    ['Laravel', laravel, 'laravel', 'encrypted'],
    ['Laravel, percent-encoded', encodeURIComponent(laravel), 'laravel', 'encrypted'],
    ['Rails, signed', `${railsBody}--${'a'.repeat(40)}`, 'rails-signed', 'signed'],
    ['Rails, encrypted', encodeURIComponent(`${b64(90)}--${b64(12)}--${b64(16)}`), 'rails-encrypted', 'encrypted'],
    ['ASP.NET Core', `CfDJ8${randomBytes(90).toString('base64url')}`, 'aspnet-core', 'encrypted'],
    ['ASP.NET forms', randomBytes(120).toString('hex').toUpperCase(), 'aspnet-forms', 'encrypted'],
    ['Fernet', `gAAAAAB${randomBytes(90).toString('base64url')}`, 'fernet', 'encrypted'],
    ['JWE', `${base64('{"alg":"dir","enc":"A256GCM"}').replace(/=+$/, '')}..aXY.Y3Q.dGFn`, 'jwe', 'encrypted'],
    ['JWT without a signature', `${base64('{"alg":"none"}').replace(/=+$/, '')}.e30.`, 'jwt', 'none'],
    ['base64 of JSON', base64('{"user":"alice"}'), 'json', 'none'],
    ['base64 of PHP', base64('a:1:{s:4:"user";s:5:"alice";}'), 'php-serialised', 'none'],
    ['JSON, percent-encoded', encodeURIComponent('j:{"user":"alice"}'), 'json', 'none'],
    ['hex of text', Buffer.from('greetings from nobody').toString('hex'), 'text', 'none'],
    ['hex of pairs', Buffer.from('user=alice;admin=0').toString('hex'), 'joined', 'none'],
  ])('%s', (_, value, kind, protection) => {
    expect(decode(value)).toMatchObject({ kind, protection })
  })

  test('the default key of old Laravel is found', () => {
    expect(guessSecret(decoded(laravel))).toBe('SomeRandomString')
  })

  test('Rails: read, and signed with nothing that is known', () => {
    const result = decoded(`${railsBody}--${'a'.repeat(40)}`)
    expect(result.content).toEqual({ session_id: 'abc', user_id: 5 })
    expect(guessSecret(result)).toBeNull()
  })

  test('when it was signed', () => {
    expect(decoded(VECTORS[2]?.value ?? '').signedAt).toBe(1_780_000_000_000)
    expect(decoded(VECTORS[5]?.value ?? '').signedAt).toBe(1_780_000_000_000)
  })

  test('random ids are nothing but themselves', () => {
    for (let i = 0; i < 2000; i++) {
      expect(decode(randomBytes(16).toString('hex'))).toBeNull()
      expect(decode(randomBytes(24).toString('base64url'))).toBeNull()
      expect(decode(randomBytes(20).toString('base64'))).toBeNull()
    }
  })

  test('hostile bytes are handled quickly and throw nothing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (value) => void decode(value)))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decode(Buffer.from(bytes).toString('base64'))),
    )
    const deep = '['.repeat(50_000)
    expect(decode(base64(deep))).toMatchObject({ kind: 'text' })
    expect(decode('a:1:{'.repeat(5000))).toBeNull()
  })
})

describe('PHP', () => {
  test('a session file and nested data', () => {
    expect(phpSerialised('user|s:5:"alice";cart|a:2:{i:0;i:7;i:1;b:1;}n|N;')).toEqual({
      user: 'alice',
      cart: { 0: 7, 1: true },
      n: null,
    })
    expect(phpSerialised('O:4:"User":1:{s:2:"id";i:9;}')).toEqual({ id: 9 })
    expect(phpSerialised('s:9:"short";')).toBeNull()
  })
})

test('the facts that a token reveals are reported by path and kind, never by value', () => {
  const content = {
    sub: 'alice',
    email: 'a@example.com',
    role: 'admin',
    exp: 1_780_000_000,
    last: '10.0.0.7',
    seen: '2026-01-01T00:00:00Z',
    password: 'x',
    n: 4,
  }
  const reveals = revealsOf(decoded(base64(JSON.stringify(content))))
  expect(Object.fromEntries(reveals.map(({ path, what }) => [path, what]))).toEqual({
    '$.sub': 'user',
    '$.email': 'e-mail address',
    '$.role': 'role',
    '$.exp': 'time',
    '$.last': 'network address',
    '$.seen': 'time',
    '$.password': 'secret',
    '$.n': 'data',
  })
  expect(JSON.stringify(reveals)).not.toContain('alice')
})
