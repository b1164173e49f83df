import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, parseJson } from '../decoded.ts'
import { hmac, isSameHex, type Verify } from '../signatures.ts'
import { textsIn } from './serialised.ts'

/**
 * PASETO: a version, JSON with the signature behind it, and perhaps a footer.
 *
 *     v4.public.eyJzdWIiOiJhbGljZSIsImlkIjo3fS7jiQG7W9n5vyRTN_GJe1LxE-s50frUwHU-J03XWKyj5OrQbmGl5jgCOd5ArRcp3DS0Lz445h_1ssl5YxpmKAI
 */
const PASETO = /^v([1-4])\.public\.([\w-]+)(?:\.[\w-]+)?$/
const SIGNATURE_BYTES: Readonly<Record<string, number>> = { 1: 256, 2: 64, 3: 96, 4: 64 }

/** Signed with a private key: anyone can read it, and there is no secret to guess. */
export function pasetoPublic(text: string): Decoded | null {
  const [, version = '', body = ''] = PASETO.exec(text) ?? []
  const bytes = fromBase64(body)
  if (bytes === null) return null
  const message = toText(bytes.subarray(0, -(SIGNATURE_BYTES[version] ?? 64))) ?? ''
  return { kind: 'paseto', name: 'PASETO, signed', protection: 'signed', content: parseJson(message) ?? message }
}

/**
 * `Plug.Session` and `Phoenix.Token`: "HS256", a term of Erlang, HMAC. The application chooses the salt of the key, so no
 * secret can be tried.
 *
 *     SFMyNTY.g3QAAAABbQAAAAd1c2VyX2lkYQc.Ppu2XMWnXTKsw_o2SVmvZjDPOxX16CYyoivFq8iT3Ic
 */
const PLUG = /^SFMyNTY\.([\w-]+)\.[\w-]{43}$/

export function phoenix(text: string): Decoded | null {
  const bytes = fromBase64(PLUG.exec(text)?.[1] ?? '')
  if (bytes === null) return null
  return { kind: 'phoenix', name: 'Phoenix (Plug) signed value', protection: 'signed', content: textsIn(bytes) }
}

/**
 * Play before 2.6: HMAC in hex, a hyphen, pairs. Since then it is a JWT.
 *
 *     95c49fda4e2292e1277aa1663cf4c43cfa0b58db-user=alice&at=1780000500
 */
const PLAY = /^"?([0-9a-f]{40})-((?:[\w.%+-]+=[^&]*)(?:&[\w.%+-]+=[^&]*)*?)"?$/

export function play(text: string): Decoded | null {
  const [, value, covered] = PLAY.exec(text) ?? []
  if (value === undefined || covered === undefined) return null
  const content = Object.fromEntries(new URLSearchParams(covered))
  return { kind: 'play', name: 'Play session', protection: 'signed', content, signature: { covered, value } }
}

export const verifyPlay: Verify = (secret, { covered, value }) => isSameHex(hmac('sha1', secret, covered), value)
