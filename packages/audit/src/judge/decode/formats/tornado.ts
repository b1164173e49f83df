import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, parseJson } from '../decoded.ts'

/** `set_secure_cookie`: version, key version, time, name and value, each behind its length, and an HMAC over all of it. */
const SECOND = /^(2\|\d+:\d+\|\d+:(\d{9,11})\|\d+:([^|]*)\|\d+:([\w+/]*={0,2})\|)([0-9a-f]{64})$/
/** As it was before: value, time, and an HMAC over the name too. */
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
