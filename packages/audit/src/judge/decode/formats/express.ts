import { type Decoded, parseJson } from '../decoded.ts'

/** `cookie-signature`, which express-session and `res.cookie(..., { signed: true })` use: 32 bytes of base64. */
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
