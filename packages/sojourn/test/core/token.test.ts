import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokens, hashSecret, isSessionId, type TokenParts } from '../../src/core/token/token.ts'
import * as nodeCrypto from '../../src/platform/crypto.node.ts'
import { createWorld, edit, rejection, toView } from './kit.ts'

const KEY = 'first key, long enough: 32 bytes or more'
const OTHER_KEY = 'second key, long enough: 32 bytes or more'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe.each([
  ['bare', createTokens(), 54],
  ['signed', createTokens([KEY]), 64],
] as const)('a %s token', (_, tokens, length) => {
  it('is parsed from text unchanged', () => {
    for (let i = 0; i < 50; i++) {
      const parts = tokens.mint()
      const text = tokens.toToken(parts)
      expect(text).toMatch(/^[\w-]+$/)
      expect(text).toHaveLength(length)
      expect(plain(tokens.parse(text))).toEqual(plain(parts))
    }
  })

  it('has a locator of 16 bytes, a secret of 24, and an id that is the hash of the locator', () => {
    const { id, locator, secret } = tokens.mint()
    expect([locator.length, secret.length]).toEqual([16, 24])
    expect(id).toBe(createHash('sha256').update(locator).digest().subarray(0, 16).toString('base64url'))
    expect(isSessionId(id)).toBe(true)
  })

  it('is never the same twice', () => {
    const all = Array.from({ length: 500 }, () => tokens.mint())
    expect(new Set(all.map(({ id }) => id)).size).toBe(500)
    expect(new Set(all.map(({ secret }) => hashSecret(secret))).size).toBe(500)
  })

  it('keeps its session under a new secret', () => {
    const parts = tokens.mint()
    const next = tokens.successor(parts)
    expect(next.id).toBe(parts.id)
    expect(next.locator).toEqual(parts.locator)
    expect(next.secret).not.toEqual(parts.secret)
    expect(next.secret).toHaveLength(24)
    const given = nodeCrypto.randomBytes(24)
    expect(tokens.successor(parts, given).secret).toEqual(given)
    expect(plain(tokens.parse(tokens.toToken(next)))).toEqual(plain(next))
  })

  it('has one spelling: no other text of any kind gives the same session', () => {
    const text = tokens.toToken(tokens.mint())
    const id = idOf(tokens.parse(text))
    const last = text.slice(-1)
    const spellings = [...ALPHABET]
      .filter((character) => character !== last)
      .map((character) => text.slice(0, -1) + character)
    spellings.push(
      `${text}=`,
      `${text}==`,
      `${text}A`,
      ` ${text}`,
      `${text} `,
      `${text}\n`,
      `"${text}"`,
      text.slice(0, -1),
    )
    spellings.push(
      text
        .replaceAll('-', '+')
        .replaceAll('_', '/')
        .concat(/[-_]/.test(text) ? '' : '+'),
    )
    spellings.push(text.toLowerCase() === text ? text.toUpperCase() : text.toLowerCase())
    for (const spelling of spellings) {
      const parsed = tokens.parse(spelling)
      // The last character of a bare token carries two bits of the secret, so four of its values are tokens of other secrets.
      if (typeof parsed === 'object' && idOf(parsed) === id) expect(tokens.toToken(parsed)).toBe(spelling)
      expect(plain(parsed)).not.toEqual(plain(tokens.parse(text)))
    }
  })

  it('property: parsing is total, and what parses is canonical', () => {
    const alphabet = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 50, maxLength: 68 })
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), alphabet), (text) => {
        const parsed = tokens.parse(text)
        if (typeof parsed === 'object') expect(tokens.toToken(parsed)).toBe(text)
        else expect(['malformed', 'forged']).toContain(parsed)
      }),
      { numRuns: 500 },
    )
  })

  it('property: a token of any bytes is parsed unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (bytes) => {
        const [locator, secret] = [bytes.subarray(0, 16), bytes.subarray(16)]
        const parsed = tokens.parse(tokens.toToken({ id: '' as never, locator, secret }))
        expect(parsed).toMatchObject({ locator: new Uint8Array(locator), secret: new Uint8Array(secret) })
      }),
    )
  })

  it('is refused whatever character is changed, by the record’s hash or before', () => {
    const parts = tokens.mint()
    const text = tokens.toToken(parts)
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      const parsed = tokens.parse(changed)
      if (length === 64) expect(parsed).toBe('forged')
      else if (typeof parsed === 'object') {
        expect(parsed.id === parts.id && hashSecret(parsed.secret) === hashSecret(parts.secret)).toBe(false)
      }
    }
  })

  it('is bounded work: a megabyte is refused at once', () => {
    const long = 'A'.repeat(1_000_000)
    const began = performance.now()
    for (let i = 0; i < 1000; i++) expect(tokens.parse(long)).toBe('malformed')
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('keys', () => {
  it.each([
    ['bare for signed', createTokens(), createTokens([KEY]), 'malformed'],
    ['signed for bare', createTokens([KEY]), createTokens(), 'malformed'],
    ['signed with another key', createTokens([OTHER_KEY]), createTokens([KEY]), 'forged'],
  ] as const)('refuse a token that is %s', (_, from, to, refusal) => {
    expect(to.parse(from.toToken(from.mint()))).toBe(refusal)
  })

  it('rotate: the newest signs, each of them is accepted, a dropped one is not', () => {
    const before = createTokens([KEY])
    const during = createTokens([OTHER_KEY, KEY])
    const after = createTokens([OTHER_KEY])
    const old = before.toToken(before.mint())
    const parts = during.mint()
    expect(during.parse(old)).toMatchObject({ id: expect.any(String) })
    expect(plain(after.parse(during.toToken(parts)))).toEqual(plain(parts))
    expect(before.parse(during.toToken(parts))).toBe('forged')
    expect(after.parse(old)).toBe('forged')
  })

  it('cover locator and secret', () => {
    const tokens = createTokens([KEY])
    const [a, b] = [tokens.mint(), tokens.mint()]
    const [textA, textB] = [tokens.toToken(a), tokens.toToken(b)]
    expect(tokens.parse(textA.slice(0, 20) + textB.slice(20))).toBe('forged')
    expect(tokens.parse(textA.slice(0, 53) + textB.slice(53))).toBe('forged')
  })

  it('may be bytes; the same bytes are the same key', () => {
    const fromText = createTokens([KEY])
    const fromBytes = createTokens([new TextEncoder().encode(KEY)])
    const parts = fromText.mint()
    expect(plain(fromBytes.parse(fromText.toToken(parts)))).toEqual(plain(parts))
  })

  it.each([['short'], ['x'.repeat(31)], [new Uint8Array(31)]])('of too few bytes are refused: %j', async (key) => {
    const error = await rejection(() => createTokens([key]))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toContain('32 bytes')
    if (typeof key === 'string') expect(error.message).not.toContain(key)
  })

  it('of exactly 32 bytes are accepted', () => {
    expect(() => createTokens(['exactly 32 bytes, not any longer'])).not.toThrow()
  })

  it.each([
    ['a'.repeat(32)],
    [' '.repeat(40)],
    ['change-me-'.repeat(4)],
    ['change-me-'.repeat(4).slice(0, -3)],
    ['change-me-in-production!'.repeat(2)],
    ['0123456789abcdef0123456789abcdef'],
    ['ä'.repeat(20)],
    [new Uint8Array(32)],
    [new Uint8Array(64).map((_, at) => at % 32)],
  ])('that repeat themselves are refused: %j', async (key) => {
    const error = await rejection(() => createTokens([KEY, key]))
    expect(error).toMatchObject({ code: 'ERR_OPTION' })
    expect(error.message).toMatch(/keys\[1\] repeats itself.*openssl rand/)
    if (typeof key === 'string') expect(error.message).not.toContain(key)
  })

  it('that are random are accepted, of every length and in every form', () => {
    const forms = ['hex', 'base64', 'base64url', 'latin1'] as const
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 100 }), fc.constantFrom(...forms), (length, form) => {
        const bytes = randomBytes(length)
        const text = bytes.toString(form)
        if (text.length >= 32) createTokens([text])
        if (length >= 32) createTokens([bytes, new Uint8Array(bytes)])
      }),
      { numRuns: 2000 },
    )
  })

  it('that are a phrase are accepted: what is easy to guess for people is not known here', () => {
    for (const key of ['correct horse battery staple, twice over', KEY, 'abcdefghijklmnopqrstuvwxyz012345'])
      expect(() => createTokens([key])).not.toThrow()
  })

  it('do not sign with the configured bytes themselves', () => {
    const tokens = createTokens([KEY])
    const text = tokens.toToken(tokens.mint())
    const bytes = nodeCrypto.fromBase64url(text)
    const naive = nodeCrypto.hmacSha256(new TextEncoder().encode(KEY), bytes.subarray(0, 40)).subarray(0, 8)
    expect(Buffer.compare(naive, bytes.subarray(40))).not.toBe(0)
  })
})

describe('a forged or malformed token', () => {
  it.each([
    ['forged', 'w'.repeat(64)],
    ['malformed', 'w'.repeat(54)],
    ['malformed', ''.padEnd(64, '=')],
  ])(
    '(%s) never reads the store, and its copy stays: clearing it could throw a newer one away',
    async (refusal, text) => {
      const world = createWorld({ keys: [KEY] })
      const client = world.client()
      const reply = await client.send((session) => session.refused, { cookie: `__Host-session=${text}` })
      expect(reply.value).toBe(refusal)
      expect(world.store.calls).toEqual([])
      expect(reply.setCookies).toEqual([])
      expect(world.eventsOf('refused')).toMatchObject([{ id: null, reason: refusal }])
    },
  )

  it('keys rotate without logging anybody out', async () => {
    const world = createWorld({ keys: [KEY] })
    const client = world.client()
    await client.send((session) => session.login('ada'))
    const next = world.node({ keys: [OTHER_KEY, KEY] })
    const { session } = await next.open(toView({ cookie: client.cookie() }))
    expect(session.userId).toBe('ada')
  })
})

describe('session ids', () => {
  it.each([
    ['A'.repeat(22), true],
    [`${'-_'.repeat(10)}_w`, true],
    ['A'.repeat(21), false],
    ['A'.repeat(23), false],
    [`${'A'.repeat(21)}B`, false],
    [`${'A'.repeat(21)}\n`, false],
    [`\n${'A'.repeat(22)}`, false],
    ['', false],
    ['../../etc/passwd000000', false],
  ])('%j: %s', (text, expected) => {
    expect(isSessionId(text)).toBe(expected)
  })

  it('are not part of the token, nor is the token of them', async () => {
    const world = createWorld()
    const client = world.client()
    const { value: id } = await client.send((session) => {
      edit({ a: 1 })(session)
      return session.id
    })
    expect(client.token()).not.toContain(id)
    const reply = await client.send((session) => session.refused, { cookie: `__Host-session=${id}` })
    expect(reply.value).toBe('malformed')
  })
})

function idOf(parsed: TokenParts | string): string | null {
  return typeof parsed === 'object' ? parsed.id : null
}

/** Buffers and other bytes look the same in it. */
function plain(parsed: TokenParts | string): unknown {
  if (typeof parsed === 'string') return parsed
  return { ...parsed, locator: [...parsed.locator], secret: [...parsed.secret] }
}
