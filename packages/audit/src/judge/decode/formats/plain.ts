import { fromBase64, inflate, toText } from '../bytes.ts'
import { type Decoded, type Json, parseJson } from '../decoded.ts'
import { joined, type Known } from './joined.ts'
import { phpSerialised } from './php.ts'

// Formulas, constants and sources: docs/audit/statistics.md#text-or-chance

/** Text under text: base64 of base64 is seen, more than this is a game. */
const DEEPEST = 4

/**
 * Data that nothing protects: JSON, PHP's serialised data, or readable text, also under hex and base64, or several of them
 * joined by a separator.
 *
 *     eyJ1c2VyIjoiYWxpY2UiLCJyb2xlIjoibWVtYmVyIn0=  (base64 of {"user":"alice","role":"member"})
 */
export function plain(text: string, known: Known, deepest: number = DEEPEST): Decoded | null {
  let current = text
  for (let depth = 0; depth <= deepest; depth++) {
    const data = dataOf(current)
    if (data !== null) return data
    const under = underHex(current, known) ?? underBase64(current, known)
    if (under === null) return joinedText(current, known, deepest - depth - 1) ?? textOf(current, depth, known)
    current = under
  }
  return unprotected('text', 'encoded text', current)
}

function dataOf(text: string): Decoded | null {
  const json = parseJson(text.replace(/^j:/, ''))
  if (typeof json === 'object' && json !== null) return unprotected('json', 'JSON', json)
  const php = phpSerialised(text)
  return php === null ? null : unprotected('php-serialised', 'data serialised by PHP', php)
}

function joinedText(text: string, known: Known, deepest: number): Decoded | null {
  if (deepest < 1) return null
  const found = joined(text, known, (part) => plain(part, known, deepest - 1)?.content ?? null)
  if (found === null) return null
  const { by, content, unread } = found
  return {
    ...unprotected('joined', `values joined by "${by}"`, content),
    unread,
    ...(unread.length > 0 && { protection: 'unknown' }),
  }
}

function textOf(text: string, depth: number, known: Known): Decoded | null {
  if (depth > 0) return unprotected('text', 'encoded text', text)
  return known.values.has(text) ? unprotected('text', 'text', text) : null
}

function unprotected(kind: Decoded['kind'], name: string, content: Json): Decoded {
  return { kind, name, protection: 'none', content }
}

function underHex(text: string, known: Known): string | null {
  if (!/^(?:[0-9a-f]{2}){3,}$/i.test(text)) return null
  // Digits alone are bytes of two digits each, of which most are letters.
  return writtenBy(toText(Buffer.from(text, 'hex')), known, /^\d+$/.test(text) ? 100 : 256)
}

/** Base64 of a text has letters of both cases: hex, and base 36, are no base64 though their letters would do. */
const BASE64 = /^(?=.*[a-z])(?=.*[A-Z])/

function underBase64(text: string, known: Known): string | null {
  const bytes = BASE64.test(text) ? fromBase64(text) : null
  return writtenBy(toText(bytes), known, 256) ?? (bytes?.[0] === 0x78 ? toText(inflate(bytes)) : null)
}

/** However short: random bytes are no data in a format, and no name of the user. */
function writtenBy(text: string | null, known: Known, possible: number): string | null {
  if (text === null) return null
  return isWritten(text, possible) || known.values.has(text) || (text.length > 4 && dataOf(text) !== null) ? text : null
}

/** Letters that texts are made of, from few to many: random bytes seldom stay among few. */
const KINDS = [
  { pattern: /^[0-9]+$/, letters: 10 },
  { pattern: /^[a-z]+$/, letters: 26 },
  { pattern: /^[a-z0-9]+$/, letters: 36 },
  { pattern: /^[\w .@=:;,&|-]+$/, letters: 74 },
  { pattern: /^[\t\n\r -~]+$/, letters: 98 },
  // Valid UTF-8 with letters beyond ASCII: fewer than half of all bytes can follow any.
  { pattern: /^/, letters: 128 },
] as const

/** One part of one random token in a million is taken for text. */
const ALLOWED = 1e-6

/**
 * Whether random bytes would hardly ever read as a text like this one: then it was written by someone. `possible`: how many
 * different bytes the encoding allows.
 */
export function isWritten(text: string, possible = 256): boolean {
  const letters = KINDS.find(({ pattern }) => pattern.test(text))?.letters ?? possible
  const length = Buffer.byteLength(text)
  return KINDS.length * (letters / possible) ** length <= ALLOWED
}
