import type { RequestView } from '../../core/contracts/carrier.ts'
import type { Challenge, Offer } from './note.ts'
import { ALGORITHMS } from './proof.ts'

/** A proof with an RSA key of 4096 bits has about 1600 characters. */
const MAX_CHARACTERS = 4096
/** The characters of a JWT and of our own identifiers. */
const PLAIN = /^[\w.-]+$/

/**
 * Reads a header that contains one text. The specification writes it in quotes (RFC 9651), and Chromium sends it without.
 * Returns `null` if it is absent or has any other form.
 */
export function readText(view: RequestView, name: string): string | null {
  const value = view.header(name)
  if (value === null || value.length > MAX_CHARACTERS) return null
  const text = /^"(.*)"$/.exec(value)?.[1] ?? value
  return PLAIN.test(text) ? text : null
}

/** The reasons of the specification, section 9.5. */
export type SkipReason = 'unreachable' | 'server_error' | 'quota_exceeded'
const REASONS: readonly string[] = ['unreachable', 'server_error', 'quota_exceeded'] satisfies SkipReason[]
const SKIPPED = /^\s*([a-z_]+)\s*;\s*session_identifier="?([\w-]+)"?\s*$/

/** Why the browser sent this request without refreshing the binding before, according to `Secure-Session-Skipped`. */
export function skippedReason(view: RequestView, id: string): SkipReason | null {
  const value = view.header('secure-session-skipped')
  if (value === null || value.length > MAX_CHARACTERS) return null
  for (const item of value.split(',')) {
    const [, reason = '', skipped] = SKIPPED.exec(item) ?? []
    if (skipped === id && REASONS.includes(reason)) return reason as SkipReason
  }
  return null
}

/** `Secure-Session-Challenge`. Without the identifier, browsers ignore it. */
export function writeChallenge(id: string, { text }: Pick<Challenge, 'text'>): string {
  return `"${text}";id="${id}"`
}

/** `Secure-Session-Registration`. */
export function writeRegistration(path: string, { challenge, authorization }: Offer): string {
  return `(${ALGORITHMS.join(' ')});path="${path}";challenge="${challenge}";authorization="${authorization}"`
}
