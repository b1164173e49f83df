import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, parseJson } from '../decoded.ts'

const JWT = /^([\w-]+)\.([\w-]*)\.([\w-]*)$/

/** RFC 7519, also without a signature; with five parts it is encrypted (RFC 7516). */
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
