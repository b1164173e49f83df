import { fromBase64 } from '../bytes.ts'
import type { Decoded } from '../decoded.ts'

/** The first bytes of each language's format, in hex. Random bytes begin this way less than once in a million times. */
const MAGIC: readonly (readonly [string, RegExp])[] = [
  ['Java', /^aced0005/],
  ['.NET (BinaryFormatter)', /^0001000000ffffffff/],
  ['ASP.NET (view state)', /^ff010f/],
  ['Python (pickle)', /^80(?:0[23](?:7d|5d|28|63|71)|0[45]95).*2e$/],
  ['Ruby (Marshal)', /^0408(?:7b|5b|6f|49).{6}/],
]

/**
 * Objects that the server would rebuild from a client's input, in base64 or hex.
 *
 *     gASVGwAAAAAAAAB9lCiMBHVzZXKUjAVhbGljZZSMAmlklEsHdS4=  (Python: {'user': 'alice', 'id': 7})
 */
export function serialised(text: string): Decoded | null {
  const bytes = fromBase64(text) ?? (/^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : null)
  const language = bytes === null ? undefined : languageOf(bytes)
  if (bytes === null || language === undefined) return null
  return {
    kind: 'serialised',
    name: `objects serialised by ${language}`,
    protection: 'none',
    content: textsIn(bytes),
  }
}

export function languageOf(bytes: Buffer): string | undefined {
  const hex = bytes.toString('hex')
  return MAGIC.find(([, magic]) => magic.test(hex))?.[0]
}

/** The texts between the bytes of a format that is not parsed here. */
export function textsIn(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(/[\w .@:/+=-]{4,}/g) ?? []
}
