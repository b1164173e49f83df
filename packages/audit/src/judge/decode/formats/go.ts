import { fromBase64 } from '../bytes.ts'
import type { Decoded } from '../decoded.ts'
import { hmac, isSame, type Verify } from '../signatures.ts'
import { textsIn } from './serialised.ts'

/**
 * `securecookie`, under base64: seconds, a value in base64, and 32 bytes of HMAC over the cookie's name and both.
 *
 *     MTc5NTU4MTgyMnxEdi1CQkFFQ180SUFBUXdCREFBQURfLUNBQUVFZFhObGNnVmhiR2xqWlE9PXwVhjFadixNGb0iiYT09Z0Yjtm827ddDH44jT58v6iHJw==
 */
const SECURE_COOKIE = /^((\d{9,11})\|([\w-]+={0,2}))\|(.{32})$/s

export function gorilla(text: string): Decoded | null {
  const [, covered, time, value, mac] = SECURE_COOKIE.exec(fromBase64(text)?.toString('latin1') ?? '') ?? []
  if (covered === undefined || value === undefined || mac === undefined) return null
  const inner = fromBase64(value)
  // A stream of gob begins with the definition of a type; what is encrypted does not.
  const isGob = inner !== null && inner[1] === 0xff && inner[2] === 0x81
  const isJson = inner?.[0] === 0x7b
  return {
    kind: 'gorilla',
    name: 'Go secure cookie (gorilla)',
    protection: isGob || isJson ? 'signed' : 'encrypted',
    content: isGob ? textsIn(inner) : isJson ? inner.toString() : null,
    signature: { covered, value: Buffer.from(mac, 'latin1').toString('base64') },
    signedAt: Number(time) * 1000,
  }
}

export const verifyGorilla: Verify = (secret, { covered, value }, { cookie = '' }) =>
  isSame(hmac('sha256', secret, `${cookie}|${covered}`), value)
