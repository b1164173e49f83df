/** The letters that tokens are written in, in the order in which an encoder counts them. */
export interface Alphabet {
  readonly name: string
  readonly letters: string
}

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()

/** From small to large: the first that holds every letter seen is taken. */
const KNOWN: readonly Alphabet[] = [
  { name: 'binary', letters: '01' },
  { name: 'decimal', letters: DIGITS },
  { name: 'hex', letters: `${DIGITS}abcdef` },
  { name: 'hex', letters: `${DIGITS}ABCDEF` },
  { name: 'base32', letters: `${LOWER}012345` },
  { name: 'base32', letters: `${LOWER}234567` },
  { name: 'base32', letters: `${UPPER}234567` },
  { name: 'base32', letters: `${DIGITS}ABCDEFGHJKMNPQRSTVWXYZ` },
  { name: 'base36', letters: DIGITS + LOWER },
  { name: 'base36', letters: DIGITS + UPPER },
  { name: 'base62', letters: DIGITS + UPPER + LOWER },
  { name: 'base64url', letters: `${UPPER}${LOWER}${DIGITS}-_` },
  { name: 'base64', letters: `${UPPER}${LOWER}${DIGITS}+/` },
]

/** The alphabet of these letters; for letters of no known one, themselves in order. */
export function alphabetOf(seen: ReadonlySet<string>): Alphabet {
  const known = KNOWN.find(({ letters }) => [...seen].every((letter) => letters.includes(letter)))
  return known ?? { name: 'its own', letters: [...seen].sort().join('') }
}
