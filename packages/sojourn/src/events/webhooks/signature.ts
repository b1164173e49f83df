import { SessionError } from '../../core/contracts/errors.ts'
import { toUtf8 } from '../../core/lib/bytes.ts'
import { fromBase64url, hmacSha256, toBase64url } from '../../core/token/mac.ts'
import { concat, equalText } from '../../core/token/token.ts'

/** Standard Webhooks: from 24 to 64 bytes. */
const MIN_BYTES = 24
const MAX_BYTES = 64
const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/

/** The bytes of secrets such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`, newest first. */
export function toSecrets(secrets: unknown, where: string): readonly Uint8Array[] {
  const list = typeof secrets === 'string' ? [secrets] : secrets
  if (!Array.isArray(list) || list.length === 0) {
    throw new SessionError('ERR_OPTION', `${where}: secret must be a text that begins with whsec_, or a list of them.`)
  }
  return list.map((text: unknown) => {
    const [, encoded = ''] = SECRET.exec(typeof text === 'string' ? text : '') ?? []
    const bytes = fromBase64url(encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))
    if (bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES) return bytes
    throw new SessionError(
      'ERR_OPTION',
      `${where}: each secret is whsec_ and from 24 to 64 bytes in base64. Make one with: echo "whsec_$(openssl rand -base64 32)"`,
    )
  })
}

/** The header `webhook-signature`: one signature for each secret, so that a receiver can change to a new one at any time. */
export function sign(secrets: readonly Uint8Array[], id: string, seconds: number, body: Uint8Array): string {
  const signed = concat(toUtf8(`${id}.${seconds}.`), body)
  return secrets.map((secret) => `v1,${toBase64(hmacSha256(secret, signed))}`).join(' ')
}

/** Whether any of the signatures in the header was made with any of the secrets. Compares in constant time. */
export function isSigned(
  secrets: readonly Uint8Array[],
  header: string,
  id: string,
  timestamp: string,
  body: Uint8Array,
): boolean {
  const signed = concat(toUtf8(`${id}.${timestamp}.`), body)
  const wanted = secrets.map((secret) => `v1,${toBase64(hmacSha256(secret, signed))}`)
  const given = header.split(' ').slice(0, MAX_SIGNATURES)
  return given.flatMap((each) => wanted.map((own) => equalText(own, each))).includes(true)
}

/** A sender writes the header and chooses its length. */
const MAX_SIGNATURES = 20

function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
