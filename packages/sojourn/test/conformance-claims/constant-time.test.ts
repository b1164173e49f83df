import { afterEach, expect, test, vi } from 'vitest'
import { toLimits } from '../../src/core/contracts/timeouts.ts'
import { createTokens, equalText, hashSecret, judge } from '../../src/core/token/token.ts'
import { createBinding, findChallenge, isResent, provedAt } from '../../src/guards/device-bound/binding.ts'
import { randomBytes } from '../../src/platform/crypto.node.ts'

afterEach(() => vi.restoreAllMocks())

/** How many characters were looked at: the same number for every text, or time would show how much of a guess is right. */
function looksAt(act: () => unknown): number {
  const spy = vi.spyOn(String.prototype, 'charCodeAt')
  act()
  const count = spy.mock.calls.length
  spy.mockRestore()
  return count
}

const SECRET = hashSecret(randomBytes(24))
const changed = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

test('timing: a comparison looks at every character, wherever the first difference is', () => {
  const counts = [SECRET, ...Array.from(SECRET, (_, at) => changed(SECRET, at))].map((guess) =>
    looksAt(() => equalText(guess, SECRET)),
  )
  expect(new Set(counts)).toEqual(new Set([2 * SECRET.length]))
  expect(equalText(SECRET, SECRET)).toBe(true)
  expect(equalText(changed(SECRET, 0), SECRET)).toBe(false)
})

test('timing: the verdict on a secret looks at every character of the stored hash', () => {
  const record = {
    kind: 'live',
    id: 'x' as never,
    userId: null,
    version: 0,
    createdAt: 0,
    lastSeenAt: 0,
    expiresAt: 0,
    head: { secret: SECRET, secretAt: 0 },
    data: {},
  } as const
  const counts = Array.from(SECRET, (_, at) => looksAt(() => judge(record, changed(SECRET, at), 1, toLimits())))
  expect(new Set(counts)).toEqual(new Set([2 * SECRET.length]))
})

test('timing: a forged MAC costs the same, wherever it is wrong, and whichever key is right', () => {
  const keys = ['first key, long enough: 32 bytes or more', 'second key, long enough: 32 bytes or more']
  const tokens = createTokens(keys)
  const text = tokens.toToken(tokens.mint())
  const guesses = Array.from({ length: 10 }, (_, i) => changed(text, 54 + i))
  expect(guesses.map((guess) => tokens.parse(guess))).toEqual(Array(10).fill('forged'))
  const counts = guesses.map((guess) => looksAt(() => tokens.parse(guess)))
  expect(new Set(counts).size).toBe(1)
  const byOld = createTokens(keys.slice(1))
  const old = byOld.toToken(byOld.mint())
  expect(typeof tokens.parse(old)).toBe('object')
  expect(looksAt(() => tokens.parse(old))).toBe(looksAt(() => tokens.parse(text)))
})

test('timing: a bound cookie and a proof are compared in constant time', () => {
  const key = { alg: 'ES256', kty: 'EC', crv: 'P-256', x: '', y: '' } as const
  const binding = createBinding(key, 'the proof', 0, 600_000)
  const [challenge] = binding.challenges
  const counts = Array.from({ length: 30 }, (_, i) =>
    looksAt(() => [provedAt(binding, [`guess ${i}`], 1), isResent(binding, `guess ${i}`, 1)]),
  )
  expect(new Set(counts)).toEqual(new Set([4 * SECRET.length]))
  const text = challenge?.text ?? ''
  const searches = Array.from(text, (_, at) => looksAt(() => findChallenge(binding, changed(text, at), 1)))
  expect(new Set(searches)).toEqual(new Set([2 * text.length]))
})
