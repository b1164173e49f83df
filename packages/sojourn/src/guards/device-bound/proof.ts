import { type Jose, loadJose } from '../_jose.ts'

/** The algorithms that browsers are offered, the preferred one first. */
export const ALGORITHMS = ['ES256', 'RS256'] as const

/** The public part of a device's key: a JSON Web Key without anything that a proof does not need. */
export type PublicKey =
  | { readonly alg: 'ES256'; readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly alg: 'RS256'; readonly kty: 'RSA'; readonly n: string; readonly e: string }

/** A proof whose signature is good. The caller compares what was signed. */
export interface Proof {
  readonly key: PublicKey
  readonly challenge: string
  readonly authorization: string | null
}

interface Protected {
  readonly alg?: unknown
  readonly typ?: unknown
  readonly jwk?: unknown
}

/** A proof of a key that the server does not know yet: it brings the key (`jwk`). Returns `null` if it proves nothing. */
export async function verifyRegistration(text: string): Promise<Proof | null> {
  const jose = await loadJose('deviceBound')
  const header = headerOf(jose, text)
  const key = header === null ? null : toPublicKey(header)
  return key === null ? null : verify(jose, text, key)
}

/** A proof of the stored key. Only that key and its algorithm count, and a proof that brings a key is refused. */
export async function verifyRefresh(text: string, key: PublicKey): Promise<Proof | null> {
  const jose = await loadJose('deviceBound')
  const header = headerOf(jose, text)
  return header === null || header.jwk !== undefined ? null : verify(jose, text, key)
}

function headerOf(jose: Jose, text: string): Protected | null {
  try {
    const header: Protected = jose.decodeProtectedHeader(text)
    return header.typ === 'dbsc+jwt' ? header : null
  } catch {
    return null
  }
}

/** 32 bytes, as in each coordinate of P-256. */
const COORDINATE = /^[\w-]{43}$/
/** From 2048 to 4096 bits. A longer key would make each proof expensive to check. */
const MODULUS = /^[\w-]{342,683}$/
const EXPONENT = /^[\w-]{2,6}$/

function toPublicKey({ alg, jwk }: Protected): PublicKey | null {
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk) return null
  const { kty, crv, x, y, n, e } = jwk as Readonly<Record<string, unknown>>
  if (alg === 'ES256' && kty === 'EC' && crv === 'P-256' && isText(x, COORDINATE) && isText(y, COORDINATE)) {
    return { alg, kty, crv, x, y }
  }
  return alg === 'RS256' && kty === 'RSA' && isText(n, MODULUS) && isText(e, EXPONENT) ? { alg, kty, n, e } : null
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value)
}

async function verify(jose: Jose, text: string, key: PublicKey): Promise<Proof | null> {
  try {
    const jwk = await jose.importJWK({ ...key }, key.alg)
    const { payload } = await jose.compactVerify(text, jwk, { algorithms: [key.alg] })
    return toProof(key, JSON.parse(new TextDecoder().decode(payload)))
  } catch {
    // A client can write any text here, and every failure means the same: nothing is proved.
    return null
  }
}

function toProof(
  key: PublicKey,
  payload: { readonly jti?: unknown; readonly authorization?: unknown } | null,
): Proof | null {
  const { jti, authorization = null } = payload ?? {}
  if (typeof jti !== 'string' || (authorization !== null && typeof authorization !== 'string')) return null
  return { key, challenge: jti, authorization }
}
