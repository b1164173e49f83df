import { randomBytes } from 'node:crypto'
import type { Credential } from './client.ts'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const HEX = '0123456789abcdef'

/** Marks of a format: an escape such as `%3A`, and `s:` or `v4.` in front of an id. A server ignores ids without them. */
const MARKS = /(%[0-9a-f]{2}|(?<![a-z0-9])[a-z]\d?(?=(?:%3A|[.:])[\w-]{8}))/i

/**
 * Returns a value of the same form that no server issued: letters become letters, digits digits. Separators and marks of the format
 * stay. New in each call, because a value that was planted once may have become a session.
 */
export function madeUpLike(value: string): string {
  const isHex = /^[0-9a-f-]+$/.test(value)
  const pieces = value.split(MARKS)
  return pieces.map((piece, i) => (i % 2 === 1 ? piece : randomLike(piece, isHex))).join('')
}

function randomLike(piece: string, isHex: boolean): string {
  const random = randomBytes(piece.length)
  return [...piece]
    .map((char, i) => {
      const pick = (from: string) => from[(random[i] ?? 0) % from.length] ?? char
      if (isHex) return /[0-9a-f]/.test(char) ? pick(HEX) : char
      if (/\d/.test(char)) return pick('0123456789')
      if (/[a-z]/.test(char)) return pick(LOWER)
      return /[A-Z]/.test(char) ? pick(UPPER) : char
    })
    .join('')
}

/** The same cookies and token with values that no server issued. */
export function madeUpCredential({ cookies, bearer }: Credential): Credential {
  return {
    cookies: cookies.map((cookie) => ({ ...cookie, value: madeUpLike(cookie.value) })),
    bearer: bearer === null ? null : madeUpLike(bearer),
  }
}
