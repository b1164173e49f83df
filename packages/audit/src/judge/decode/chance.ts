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
