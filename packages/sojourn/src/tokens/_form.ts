import { fromBase64url, toBase64url } from '../core/token/mac.ts'
import { toObject } from './_json.ts'

/** The longest access token that is read. Headers of requests are not much longer. */
export const MAX_LENGTH = 8192
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** Headers that lead a verifier to a key, or to a meaning, that the sender chose. */
const REFUSED = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip', 'cty', 'epk', 'p2c', 'p2s', 'apu', 'apv']
const MAX_KID = 256

/** Whether a text can be a signed token with a header that we accept. Bounded work; no key is looked up for any other text. */
export function isSigned(text: string): boolean {
  if (typeof text !== 'string' || text.length > MAX_LENGTH || !FORM.test(text)) return false
  const parts = text.split('.').map(toBytes)
  const [header, payload] = parts.map((part) => (part === null ? null : toObject(part)))
  if (parts.includes(null) || !header || !payload) return false
  const { alg, kid } = header
  const isNamed = kid === undefined || (typeof kid === 'string' && kid !== '' && kid.length <= MAX_KID)
  return typeof alg === 'string' && isNamed && !REFUSED.some((name) => Object.hasOwn(header, name))
}

/** `null` unless it is the only spelling of these bytes. */
function toBytes(part: string): Uint8Array | null {
  if (part.length % 4 === 1) return null
  try {
    const bytes = fromBase64url(part)
    return toBase64url(bytes) === part ? bytes : null
  } catch {
    return null
  }
}
