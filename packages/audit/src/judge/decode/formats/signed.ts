import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, parseJson } from '../decoded.ts'
import { hmac, isSame, isSameHex, type Verify } from '../signatures.ts'
import { textsIn } from './serialised.ts'

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

/**
 * `set_secure_cookie`: version, key version, time, name and value, each after its length, and an HMAC over all of it.
 *
 *     2|1:0|10:1780000000|4:user|8:YWxpY2U=|f6cb7ff205fdc0053ea83f03b698fa2f6f4a62148c357ea75a17db9e62371bf2
 */
const SECOND = /^(2\|\d+:\d+\|\d+:(\d{9,11})\|\d+:([^|]*)\|\d+:([\w+/]*={0,2})\|)([0-9a-f]{64})$/
/**
 * The first version: value, time, and an HMAC over the cookie's name too.
 *
 *     YWxpY2U=|1780000000|6c323964b2234eaaa640c08382a2e502847c247f
 */
const FIRST = /^(([\w+/]+={0,2})\|(\d{9,11}))\|([0-9a-f]{40})$/

export function tornado(text: string): Decoded | null {
  const [, covered, time, name, value, mac] = SECOND.exec(text.replace(/^"(.*)"$/, '$1')) ?? []
  if (covered !== undefined && mac !== undefined) {
    return { ...signedBy(value, time, { covered, value: mac }), ...(name !== undefined && { cookie: name }) }
  }
  const [, , old, oldTime, oldMac] = FIRST.exec(text) ?? []
  if (old === undefined || oldTime === undefined || oldMac === undefined) return null
  if (old.length % 4 !== 0 || toText(fromBase64(old)) === null) return null
  return signedBy(old, oldTime, { covered: `${old}${oldTime}`, value: oldMac })
}

function signedBy(value = '', time = '', signature: { covered: string; value: string }): Decoded {
  const text = toText(fromBase64(value)) ?? value
  return {
    kind: 'tornado',
    name: 'Tornado signed cookie',
    protection: 'signed',
    content: parseJson(text) ?? text,
    signature,
    signedAt: Number(time) * 1000,
  }
}

export const verifyTornado: Verify = (secret, { covered, value }, { cookie = '' }) =>
  value.length === 64
    ? isSameHex(hmac('sha256', secret, covered), value)
    : isSameHex(hmac('sha1', secret, `${cookie}${covered}`), value)

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
