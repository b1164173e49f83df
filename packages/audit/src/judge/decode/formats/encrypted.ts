import { fromBase64, toText } from '../bytes.ts'
import { type Decoded, isObject, parseJson } from '../decoded.ts'

/** What only its server can read. The shape is told, the content is not: nothing inside can be judged from outside. */
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
    // With AES-GCM there is no MAC, and the tag stands for it.
    signature:
      mac === '' ? { covered: `${iv}.${value}`, value: String(tag ?? '') } : { covered: iv + value, value: mac },
  }
}
