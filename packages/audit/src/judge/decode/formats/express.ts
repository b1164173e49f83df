import { type Decoded, parseJson } from '../decoded.ts'
import { hmac, isSame, type Verify } from '../signatures.ts'

/**
 * `cookie-signature`, which express-session and `res.cookie(..., { signed: true })` use: a value and 32 bytes of base64.
 *
 *     s:N7bkXxJ2mYw3QvT8.zQlSK0Lyk80fBQrs6MiIM7KFI5qSkOxcIByvw5FAScA
 */
const SIGNED = /^s:(.*)\.([A-Za-z0-9+/]{43})=?$/s

export function expressSigned(text: string): Decoded | null {
  const [, value, signature] = SIGNED.exec(text) ?? []
  if (value === undefined || signature === undefined) return null
  return {
    kind: 'express-signed',
    name: 'Express signed cookie',
    protection: 'signed',
    content: value.startsWith('j:') ? (parseJson(value.slice(2)) ?? value) : value,
    signature: { covered: value, value: signature },
  }
}

export const verifyExpress: Verify = (secret, { covered, value }) => isSame(hmac('sha256', secret, covered), value)

/** keygrip, which `cookie-session` uses: the signature is in a cookie of its own, `<name>.sig`. */
export const verifyCookieSession: Verify = (secret, { covered, value }) =>
  ['sha1', 'sha256'].some((hash) => isSame(hmac(hash, secret, covered), value))
