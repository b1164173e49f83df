import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { attacksOn, encodePart, type Jwt, parseJwt, tampered } from '../../src/judge/jwt.ts'

const PAYLOAD = { sub: 'ada', exp: 2_000_000_000 }
const NO_KEYS = [] as const

function jwtOf(alg: string): Jwt {
  const jwt = parseJwt(`${encodePart({ alg, kid: 'k1' })}.${encodePart(PAYLOAD)}.c2ln`)
  if (jwt === null) throw new Error('no JWT')
  return jwt
}

/** Every attack by its id, taken apart as a verifier would. */
function attacks(alg: string, keys: Parameters<typeof attacksOn>[1] = NO_KEYS): Map<string, Jwt> {
  const parsed = attacksOn(jwtOf(alg), keys).map(({ id, token }) => [id, parseJwt(token)] as const)
  return new Map(parsed.flatMap(([id, jwt]) => (jwt === null ? [] : [[id, jwt] as const])))
}

const isSignedWith = ({ signed, signature }: Jwt, key: string): boolean =>
  createHmac('sha256', key).update(signed).digest('base64url') === signature

describe('attacks on a JWT', () => {
  test('no two of them send the same token', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const tokens = attacksOn(jwtOf('ES256'), [publicKey.export({ format: 'jwk' })]).map(({ token }) => token)
    expect(new Set(tokens).size).toBe(tokens.length)
  })

  test('each says what the real token says', () => {
    for (const { payload } of attacks('RS256').values()) expect(payload).toEqual(PAYLOAD)
  })

  test.each(['none', 'None', 'NONE', 'nOnE'])('alg %s comes without a signature', (alg) => {
    const attack = attacks('HS256').get(`alg ${alg}`)
    expect([attack?.header.alg, attack?.signature]).toEqual([alg, ''])
  })

  test('its own algorithm without a signature', () => {
    const attack = attacks('HS256').get('no signature')
    expect([attack?.header.alg, attack?.signature]).toEqual(['HS256', ''])
  })

  test('the key in the header verifies the signature, as a careless verifier would', () => {
    const attack = attacks('HS256').get('jwk')
    const key = createPublicKey({ key: attack?.header.jwk as object, format: 'jwk' })
    expect(attack?.header).toMatchObject({ alg: 'RS256', kid: 'sojourn-audit', jwk: { use: 'sig', alg: 'RS256' } })
    const signature = Buffer.from(attack?.signature ?? '', 'base64url')
    expect(verify('sha256', Buffer.from(attack?.signed ?? ''), key, signature)).toBe(true)
  })

  test.each([
    ['kid: path', '../../../../../../../dev/null', ''],
    ['kid: query', "sojourn-audit' UNION SELECT 'sojourn", 'sojourn'],
  ])('%s is signed with the key that it leads to, in HS256', (id, kid, key) => {
    const attack = attacks('RS256').get(id)
    expect(attack?.header).toEqual({ alg: 'HS256', kid })
    expect(attack !== undefined && isSignedWith(attack, key)).toBe(true)
  })

  test.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
    ['ES256K', 64],
  ])('%s: a signature of as many zeros as the algorithm takes', (alg, bytes) => {
    const found = attacks(alg)
    expect(found.get('blank ECDSA signature')?.signature).toBe(Buffer.alloc(bytes).toString('base64url'))
    const der = Buffer.from(found.get('blank ECDSA signature, DER')?.signature ?? '', 'base64url')
    expect([...der]).toEqual([0x30, 6, 2, 1, 0, 2, 1, 0])
  })

  test.each(['HS256', 'RS256', 'EdDSA'])('%s: no ECDSA signature of zeros', (alg) => {
    expect([...attacks(alg).keys()].filter((id) => id.includes('ECDSA'))).toEqual([])
  })

  test('public keys are taken for the secret, in each form in which a program may hold them', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const found = attacks('RS256', [rsa.export({ format: 'jwk' }), ec.export({ format: 'jwk' })])
    const spki = rsa.export({ type: 'spki', format: 'pem' }).toString()
    const forms = [
      ['key confusion 1.1', spki],
      ['key confusion 1.2', spki.trimEnd()],
      ['key confusion 1.3', rsa.export({ type: 'pkcs1', format: 'pem' }).toString()],
      ['key confusion 2.1', ec.export({ type: 'spki', format: 'pem' }).toString()],
    ] as const
    for (const [id, key] of forms) {
      const attack = found.get(id)
      expect([id, attack?.header.alg, attack !== undefined && isSignedWith(attack, key)]).toEqual([id, 'HS256', true])
    }
    expect(found.has('key confusion 2.3')).toBe(false)
  })

  test('an unusable key makes no attack', () => {
    expect([...attacks('RS256', [{ kty: 'RSA' }]).keys()].filter((id) => id.startsWith('key confusion'))).toEqual([])
  })

  test('a changed payload keeps the old signature', () => {
    const jwt = jwtOf('HS256')
    const changed = parseJwt(tampered(jwt))
    expect(changed?.payload).toEqual({ ...PAYLOAD, sojourn_audit: 1 })
    expect([changed?.header, changed?.signature]).toEqual([jwt.header, jwt.signature])
  })
})
