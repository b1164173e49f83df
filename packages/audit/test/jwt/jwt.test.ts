import { describe, expect, test } from 'vitest'
import { encodePart, parseJwt } from '../../src/judge/jwt.ts'

const HEAD = encodePart({ alg: 'HS256' })
const BODY = encodePart({ sub: 'ada' })
const raw = (text: string): string => Buffer.from(text).toString('base64url')

describe('parseJwt', () => {
  test('takes a JWT apart and keeps what was signed as it was sent', () => {
    expect(parseJwt(`${HEAD}.${BODY}.c2ln`)).toEqual({
      header: { alg: 'HS256' },
      payload: { sub: 'ada' },
      signature: 'c2ln',
      signed: `${HEAD}.${BODY}`,
    })
  })

  test('takes an empty signature', () => {
    expect(parseJwt(`${HEAD}.${BODY}.`)?.signature).toBe('')
  })

  test.each([
    ['nothing', ''],
    ['one part', HEAD],
    ['two parts', `${HEAD}.${BODY}`],
    ['four parts', `${HEAD}.${BODY}.c2ln.c2ln`],
    ['five parts: an encrypted one', `${HEAD}.${BODY}.c2ln.c2ln.c2ln`],
    ['a header that is no JSON', `${raw('alg')}.${BODY}.c2ln`],
    ['a payload that is no JSON', `${HEAD}.${raw('{')}.c2ln`],
    ['null for a header', `${raw('null')}.${BODY}.c2ln`],
    ['null for a payload', `${HEAD}.${raw('null')}.c2ln`],
    ['an array for a header', `${raw('[]')}.${BODY}.c2ln`],
    ['an array for a payload', `${HEAD}.${raw('[1]')}.c2ln`],
    ['a text for a payload', `${HEAD}.${raw('"ada"')}.c2ln`],
    ['a header without alg', `${encodePart({ typ: 'JWT' })}.${BODY}.c2ln`],
    ['a number for alg', `${encodePart({ alg: 5 })}.${BODY}.c2ln`],
    ['a dotted cookie of another kind', 's.a3f1.9c2b'],
  ])('%s is no JWT', (_, text) => {
    expect(parseJwt(text)).toBeNull()
  })
})
