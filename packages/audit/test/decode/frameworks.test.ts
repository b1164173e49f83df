import { createHmac, randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { decode } from '../../src/judge/decode/decode.ts'
import { canGuess, guessSecret } from '../../src/judge/decode/guess-secret.ts'
import { judgeToken } from '../../src/judge/decode/judge-token.ts'
import { FRAMEWORK_VECTORS, TOLD } from './framework-vectors.ts'

vi.setConfig({ testTimeout: 60_000 })

const of = ({ name, signature }: { readonly name?: string; readonly signature?: string }) => ({
  ...(name !== undefined && { name }),
  ...(signature !== undefined && { signature }),
})

test.each(FRAMEWORK_VECTORS.map((vector) => [vector.made, vector] as const))(
  '%s: read, and its secret found',
  (_, vector) => {
    const { value, kind, content, secret, protection = 'signed' } = vector
    for (const written of [value, encodeURIComponent(value)]) {
      // The signature of a companion covers the cookie as it was sent.
      if (vector.signature !== undefined && written !== value) continue
      const decoded = decode(written, of(vector))
      expect(decoded).toMatchObject({ kind, content, protection })
      if (decoded !== null) expect(guessSecret(decoded)).toBe(secret)
    }
  },
)

test.each(FRAMEWORK_VECTORS.map((vector) => [vector.made, vector] as const))(
  '%s: no other secret made it',
  (_, vector) => {
    const decoded = decode(vector.value, of(vector))
    expect(
      decoded !== null && canGuess(decoded) && guessSecret(decoded, ['not it', '', `${vector.secret}x`]),
    ).toBeNull()
  },
)

test.each(TOLD)('%s: told as what it is', (_, value, kind, protection) => {
  const decoded = decode(value)
  expect(decoded).toMatchObject({ kind, protection })
  expect(decoded !== null && canGuess(decoded)).toBe(false)
})

test('serialized objects that a server would rebuild are dangerous, even if they carry no login', () => {
  const titles = (value: string) => judgeToken(value, {}, false).map(({ title }) => title)
  for (const [, value, kind] of TOLD) {
    expect(titles(value).includes('Serialised objects that nothing protects')).toBe(kind === 'serialised')
  }
})

test('shapes of what has no library here', () => {
  const play = 'user=alice&at=1780000500'
  const signed = createHmac('sha1', 'changeme').update(play).digest('hex')
  const decoded = decode(`${signed}-${play}`)
  expect(decoded).toMatchObject({ kind: 'play', content: { user: 'alice', at: '1780000500' } })
  expect(decoded && guessSecret(decoded)).toBe('changeme')
  const term = Buffer.from('g3QAAAABbQAAAAd1c2VyX2lkYQc', 'base64url').toString('base64url')
  const plug = decode(`SFMyNTY.${term}.${randomBytes(32).toString('base64url')}`)
  expect(plug).toMatchObject({ kind: 'phoenix', protection: 'signed', content: [expect.stringContaining('user_id')] })
})
