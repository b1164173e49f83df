import { SessionError } from '../../core/contracts/errors.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { loadJose } from '../../guards/_jose.ts'

/** An RSA key as JSON Web Key. */
export interface SigningKey {
  readonly kty?: string
  readonly kid?: string
  readonly n?: string
  readonly e?: string
  readonly d?: string
  readonly [member: string]: unknown
}

export interface Signer {
  sign(claims: object): Promise<string>
  /** The public keys, without anything private. */
  jwks(): Promise<{ readonly keys: readonly object[] }>
}

/** 2048 bits in base64url. */
const MIN_MODULUS = 342

/** Signs with the first key, and publishes all. RS256, because the interoperability profile of CAEP demands it. */
export function createSigner(keys: readonly SigningKey[]): Signer {
  const [first] = Array.isArray(keys) ? keys : []
  const isRsa = (key: SigningKey): boolean =>
    key?.kty === 'RSA' && typeof key.n === 'string' && key.n.length >= MIN_MODULUS && typeof key.e === 'string'
  if (first === undefined || typeof first.d !== 'string' || !keys.every(isRsa)) {
    throw new SessionError(
      'ERR_OPTION',
      'sharedSignalsTransmitter: keys must be RSA keys of at least 2048 bits as JSON Web Keys, the first with its private part.',
    )
  }

  async function kidOf({ kid, n = '', e = '' }: SigningKey): Promise<string> {
    return kid ?? (await loadJose('sharedSignalsTransmitter')).calculateJwkThumbprint({ kty: 'RSA', n, e })
  }

  return {
    async sign(claims) {
      const jose = await loadJose('sharedSignalsTransmitter')
      const key = await jose.importJWK({ ...first } as Parameters<typeof jose.importJWK>[0], 'RS256')
      return new jose.CompactSign(toUtf8(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'RS256', kid: await kidOf(first), typ: 'secevent+jwt' })
        .sign(key)
    },
    async jwks() {
      const shown = keys.map(async (key) => {
        const { n, e } = key
        return { kty: 'RSA', use: 'sig', alg: 'RS256', kid: await kidOf(key), n, e }
      })
      return { keys: await Promise.all(shown) }
    },
  }
}
