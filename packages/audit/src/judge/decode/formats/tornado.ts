import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, parseJson } from '../decoded.ts'
import { hmac, isSameHex, type Verify } from '../signatures.ts'

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
