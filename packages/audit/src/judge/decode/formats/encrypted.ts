import { pbkdf2Sync } from 'node:crypto'
import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, parseJson } from '../decoded.ts'
import { hmac, isSame, isSameHex, opens, type Verify } from '../signatures.ts'

/**
 * Formats that only the server can read. Their shape names them. Nothing inside can be judged from outside.
 *
 *     Fe26.2**0cdd607945dd1dffb7da0b0bf5f1a7daa6218cbae14cac51dcbd91fb077aeb5b*aOZLCKLhCt0D5IU1qLTtYw*g0ilNDlQ3...
 *     v4.local.QAxIpVe-ECVNI1z4xQbm_qQYomyT3h8FtV8bxkz8pBJWkT8f7HtlOpbroPDEZUKop_vaglyp76CzYy375cHmKCW8...
 *     gAAAAABmV2Yk0cJ5pXy1mQ...  CfDJ8N1t0yQ2mWc...  SifCnaMbPv9HeMUl4YP6IuCgK4iullm9NMzIxPpD++n8...;SQancy3rXGjVeeAuDju4K4JiVVZ28CVW
 */
export function encryptedFormats(text: string): Decoded | null {
  const shape = SHAPES.find(({ pattern }) => pattern.test(text))
  if (shape !== undefined) {
    const { kind, name } = shape
    const signature = kind === 'iron' ? ironSignature(text) : undefined
    return { kind, name, protection: 'encrypted', content: null, ...(signature && { signature }) }
  }
  return laravel(text)
}

const SHAPES = [
  { kind: 'iron', name: 'iron seal (iron-session, hapi)', pattern: /^Fe26\.2\*/ },
  { kind: 'paseto', name: 'PASETO, encrypted', pattern: /^v[1-4]\.local\./ },
  { kind: 'fernet', name: 'Fernet token', pattern: /^gAAAAA[\w-]{90,}={0,2}$/ },
  { kind: 'aspnet-core', name: 'ASP.NET Core data protection', pattern: /^CfDJ8[\w-]{60,}$/ },
  { kind: 'secure-session', name: 'fastify secure session', pattern: /^[\w+/]{20,}={0,2};[\w+/]{32}$/ },
  { kind: 'aspnet-forms', name: 'ASP.NET forms authentication ticket', pattern: /^(?:[0-9A-F]{2}){96,}$/ },
] as const

function ironSignature(text: string): { covered: string; value: string } | undefined {
  const parts = text.replace(/~\d+$/, '').split('*')
  if (parts.length !== 8) return undefined
  return { covered: parts.slice(0, 6).join('*'), value: `${parts[6]}*${parts[7]}` }
}

/**
 * Laravel: base64 of `{"iv":"...","value":"...","mac":"...","tag":""}`.
 *
 *     eyJpdiI6Ims2Rm1ieXlFQTNRdWx1a2FGTERreGc9PSIsInZhbHVlIjoiTnR0bi9XdDBRVWsvN3RUYll2bDU5UT09IiwibWFjIjoi...
 */
function laravel(text: string): Decoded | null {
  const data = parseJson(toText(fromBase64(text)) ?? '')
  if (!isObject(data)) return null
  const { iv, value, mac, tag } = data
  if (typeof iv !== 'string' || typeof value !== 'string' || typeof mac !== 'string') return null
  return {
    kind: 'laravel',
    name: 'Laravel encrypted cookie',
    protection: 'encrypted',
    content: null,
    // AES-GCM has no MAC. Its tag replaces it.
    signature:
      mac === '' ? { covered: `${iv}.${value}`, value: String(tag ?? '') } : { covered: iv + value, value: mac },
  }
}

export const verifyIron: Verify = (secret, { covered, value }) => {
  const [salt = '', mac = ''] = value.split('*')
  return isSame(hmac('sha256', pbkdf2Sync(secret, salt, 1, 32, 'sha1'), covered), mac)
}

export const verifyLaravel: Verify = (secret, { covered, value }) => {
  if (!covered.includes('.')) return isSameHex(hmac('sha256', secret, covered), value)
  const [nonce, data] = covered.split('.').map((part) => Buffer.from(part, 'base64'))
  const key = Buffer.from(secret)
  const cipher = key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
  if (nonce === undefined || data === undefined) return false
  return opens(cipher, key, nonce, Buffer.from(value, 'base64'), data)
}
