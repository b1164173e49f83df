import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, parseJson } from '../decoded.ts'
import { hmac, isSame, type Verify } from '../signatures.ts'

const JWT = /^([\w-]+)\.([\w-]*)\.([\w-]*)$/

/**
 * RFC 7519, also without a signature. With five parts it is encrypted (RFC 7516).
 *
 *     eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.ErO0fS1yKjr73zJmeYqazVauy8z4Xwuhebs9fXVr3u4
 */
export function jwt(text: string): Decoded | null {
  const token = text.replace(/^Bearer /i, '')
  const header = parseJson(toText(fromBase64(token.split('.', 1)[0] ?? '')) ?? '')
  if (!isObject(header) || typeof header.alg !== 'string') return null
  if (token.split('.').length === 5) {
    return { kind: 'jwe', name: 'encrypted JWT (JWE)', protection: 'encrypted', content: null, header }
  }
  const match = JWT.exec(token)
  if (match === null) return null
  const [, head = '', body = '', value = ''] = match
  const payload = toText(fromBase64(body))
  return {
    kind: 'jwt',
    name: 'JWT',
    protection: value === '' || header.alg.toLowerCase() === 'none' ? 'none' : 'signed',
    content: parseJson(payload ?? '') ?? payload ?? '',
    header,
    signature: { covered: `${head}.${body}`, value },
  }
}

export const verifyJwt: Verify = (secret, { covered, value }, { header }) => {
  const bits = /^HS(256|384|512)$/.exec(String(header?.alg))?.[1]
  return bits !== undefined && isSame(hmac(`sha${bits}`, secret, covered), value)
}
