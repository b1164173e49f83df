import { fromBase64, inflate, toText } from '../bytes.ts'
import { type Decoded, type Json, parseJson } from '../decoded.ts'
import { phpSerialised } from './php.ts'

/** Text under text: base64 of base64 is seen, more than this is a game. */
const DEEPEST = 4

/** What nothing protects: JSON, PHP's serialised data, or readable text under hex and base64. */
export function plain(text: string): Decoded | null {
  let current = text
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const data = contentOf(current)
    if (data !== null) return data
    const under = toText(fromHex(current)) ?? underBase64(current)
    if (under === null) return depth === 0 ? null : unprotected('text', 'encoded text', current)
    current = under
  }
  return unprotected('text', 'encoded text', current)
}

function contentOf(text: string): Decoded | null {
  const json = parseJson(text.replace(/^j:/, ''))
  if (typeof json === 'object' && json !== null) return unprotected('json', 'JSON', json)
  const php = phpSerialised(text)
  return php === null ? null : unprotected('php-serialised', 'data serialised by PHP', php)
}

function unprotected(kind: Decoded['kind'], name: string, content: Json): Decoded {
  return { kind, name, protection: 'none', content }
}

function fromHex(text: string): Buffer | null {
  return /^(?:[0-9a-f]{2}){4,}$/i.test(text) ? Buffer.from(text, 'hex') : null
}

function underBase64(text: string): string | null {
  // Of random bytes a few are often readable: eight in a row by chance are one in thousands, sixteen in millions.
  const bytes = text.length < 11 ? null : fromBase64(text)
  const under = toText(bytes) ?? (bytes?.[0] === 0x78 ? toText(inflate(bytes)) : null)
  return under === null || /[^\t\n\r -~]/.test(under) ? null : under
}
