import { fromBase64, inflate, toText } from '../bytes.ts'
import { type Decoded, type Json, parseJson } from '../decoded.ts'
import { joined, type Known } from './joined.ts'
import { phpSerialised } from './php.ts'

// Formulas, constants and sources: docs/audit/statistics.md#text-or-chance

/** Nested encodings: base64 of base64 occurs, but not more than this. */
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
  // Two digits encode one byte, and most of those bytes are letters.
  return writtenBy(toText(Buffer.from(text, 'hex')), known, /^\d+$/.test(text) ? 100 : 256)
}

/** Base64 of a text has letters of both cases. Hex and base 36 have only one, so they are not base64. */
const BASE64 = /^(?=.*[a-z])(?=.*[A-Z])/

function underBase64(text: string, known: Known): string | null {
  const bytes = BASE64.test(text) ? fromBase64(text) : null
  return writtenBy(toText(bytes), known, 256) ?? (bytes?.[0] === 0x78 ? toText(inflate(bytes)) : null)
}

/** Any length: random bytes do not form data in a format, or the user's name. */
function writtenBy(text: string | null, known: Known, possible: number): string | null {
  if (text === null) return null
  return isWritten(text, possible) || known.values.has(text) || (text.length > 4 && dataOf(text) !== null) ? text : null
}

/** Sets of characters that texts consist of, from small to large: random bytes rarely stay within a small set. */
const KINDS = [
  { pattern: /^[0-9]+$/, letters: 10 },
  { pattern: /^[a-z]+$/, letters: 26 },
  { pattern: /^[a-z0-9]+$/, letters: 36 },
  { pattern: /^[\w .@=:;,&|-]+$/, letters: 74 },
  { pattern: /^[\t\n\r -~]+$/, letters: 98 },
  // Valid UTF-8 with characters beyond ASCII: fewer than half of all bytes can follow a given byte.
  { pattern: /^/, letters: 128 },
] as const

/** One part of one random token in a million counts as text by mistake. */
const ALLOWED = 1e-6

/**
 * Whether random bytes are very unlikely to look like this text, so that a person or program wrote it. `possible`: the number of
 * different bytes that the encoding allows.
 */
export function isWritten(text: string, possible = 256): boolean {
  const letters = KINDS.find(({ pattern }) => pattern.test(text))?.letters ?? possible
  const length = Buffer.byteLength(text)
  return KINDS.length * (letters / possible) ** length <= ALLOWED
}
