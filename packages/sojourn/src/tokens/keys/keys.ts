import { SessionError } from '../../core/contracts/errors.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import { type Jose, loadJose } from '../../guards/_jose.ts'
import type { KeySet, Keys } from '../../signals/_issuer-keys.ts'

/** What access tokens are signed with. */
export type TokenAlgorithm = 'EdDSA' | 'ES256' | 'RS256' | 'PS256'

/** A private key as JSON Web Key: Ed25519, P-256 or RSA of at least 2048 bits. `alg` tells an RSA key for PS256 from one for RS256. */
export interface TokenKey {
  readonly kty?: string
  readonly crv?: string
  readonly alg?: string
  readonly kid?: string
  readonly d?: string
  readonly [member: string]: unknown
}

/** Where signing keys come from. */
export interface TokenKeySource {
  /** The keys now: the first one signs, all are published. */
  read(): MaybePromise<readonly TokenKey[]>
}

/** Signs and publishes. */
export interface Signer {
  sign(claims: Readonly<Record<string, unknown>>, typ: string): Promise<string>
  /** The public keys. */
  jwks(): Promise<{ readonly keys: readonly object[] }>
  readonly keys: KeySet
}

interface Ring {
  readonly alg: TokenAlgorithm
  readonly kid: string
  readonly key: Awaited<ReturnType<Jose['importJWK']>>
  readonly shown: { readonly keys: readonly object[] }
  readonly find: Keys['find']
}

export const ALGORITHMS: readonly TokenAlgorithm[] = ['EdDSA', 'ES256', 'RS256', 'PS256']
/** 2048 bits in base64url. */
const MIN_MODULUS = 342
const PUBLIC: Readonly<Record<string, readonly string[]>> = {
  OKP: ['kty', 'crv', 'x'],
  EC: ['kty', 'crv', 'x', 'y'],
  RSA: ['kty', 'n', 'e'],
}

export function createSigner(source: TokenKeySource): Signer {
  let ring: Promise<Ring> | null = null
  let of: readonly TokenKey[] | null = null

  async function now(): Promise<Ring> {
    const keys = await source.read()
    if (ring === null || of !== keys) {
      of = keys
      ring = toRing(keys)
      ring.catch(() => {
        ring = null
      })
    }
    return ring
  }

  const current = async (): Promise<Keys> => ({ number: 1, find: (await now()).find })

  return {
    async sign(claims, typ) {
      const { alg, kid, key } = await now()
      const { SignJWT } = await loadJose(CALLER)
      return new SignJWT({ ...claims }).setProtectedHeader({ alg, typ, kid }).sign(key)
    },
    jwks: async () => (await now()).shown,
    // They are always those of now, so there is nothing to read again.
    keys: { begun: 0, known: current, published: current },
  }
}

const CALLER = 'createTokens'

async function toRing(keys: readonly TokenKey[]): Promise<Ring> {
  const jose = await loadJose(CALLER)
  const [first] = keys
  if (first === undefined) throw wrong()
  const shown = { keys: await Promise.all(keys.map((key) => toPublic(jose, key))) }
  const [{ alg, kid } = { alg: 'ES256' as const, kid: '' }] = shown.keys
  const key = await jose.importJWK({ ...first } as Parameters<Jose['importJWK']>[0], alg)
  return {
    alg,
    kid,
    key,
    shown,
    find: jose.createLocalJWKSet(shown as Parameters<Jose['createLocalJWKSet']>[0]),
  }
}

/** Only the members that are public. `kid` is the thumbprint (RFC 7638) if there is none. */
async function toPublic(jose: Jose, key: TokenKey) {
  const alg = algorithmOf(key)
  const members = Object.fromEntries((PUBLIC[key.kty ?? ''] ?? []).map((name) => [name, key[name]]))
  const kid = key.kid ?? (await jose.calculateJwkThumbprint(members as Parameters<Jose['calculateJwkThumbprint']>[0]))
  return { ...members, use: 'sig', alg, kid }
}

/** Throws `ERR_OPTION` for a key that does not fit, or that lacks its private part. */
export function assertTokenKeys(keys: readonly TokenKey[]): void {
  if (!Array.isArray(keys) || typeof keys[0]?.d !== 'string') throw wrong()
  for (const key of keys) algorithmOf(key)
}

function algorithmOf({ kty, crv, alg, n }: TokenKey): TokenAlgorithm {
  if (kty === 'OKP' && crv === 'Ed25519' && [undefined, 'EdDSA', 'Ed25519'].includes(alg)) return 'EdDSA'
  if (kty === 'EC' && crv === 'P-256' && [undefined, 'ES256'].includes(alg)) return 'ES256'
  const isLong = typeof n === 'string' && n.length >= MIN_MODULUS
  if (kty === 'RSA' && isLong && [undefined, 'RS256', 'PS256'].includes(alg)) return alg === 'PS256' ? 'PS256' : 'RS256'
  throw wrong()
}

function wrong(): SessionError {
  return new SessionError(
    'ERR_OPTION',
    'createTokens: keys are JSON Web Keys (Ed25519, P-256, or RSA of at least 2048 bits), the first with its private part.',
  )
}
