import { randomBytes } from 'node:crypto'
import type { Credential } from './client.ts'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()
const HEX = '0123456789abcdef'

/**
 * Returns a value of the same form that no server issued: letters become letters, digits digits, separators stay. New in each
 * call, because a value that was planted once may have become a session.
 */
export function madeUpLike(value: string): string {
  const isHex = /^[0-9a-f-]+$/.test(value)
  const random = randomBytes(value.length)
  return [...value]
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
