import { logChoose } from './special.ts'

// Formulas, constants and sources: docs/audit/statistics.md#positions-and-bits

/** One position in the tokens, from the left. */
export interface Position {
  readonly at: number
  /** The number of letters that are possible here. 1 if every token has the same. */
  readonly size: number
  /** The letters as numbers below `size`, one per token, in the order of issue. Empty if nothing varies. */
  readonly symbols: Uint8Array
  /** How often the most common letter occurred. */
  readonly commonest: number
}

export interface Positions {
  readonly alphabet: Alphabet
  /** The tokens differ in length, so only the positions of the shortest are examined. */
  readonly uneven: boolean
  readonly all: readonly Position[]
}

/** If missing a letter by chance is this unlikely, the letter counts as impossible at its position. */
const MISSED_BY_CHANCE = 1e-9

export function toPositions(values: readonly string[]): Positions {
  const length = values.reduce((least, value) => Math.min(least, value.length), Number.POSITIVE_INFINITY)
  const sets = Array.from({ length }, (_, at) => new Set(values.map((value) => value.charAt(at))))
  const varied = sets.filter((set) => set.size > 1)
  const alphabet = toAlphabet(new Set(varied.flatMap((set) => [...set])), varied.length * values.length)
  const all = sets.map((seen, at) => toPosition(values, at, seen, alphabet))
  return { alphabet, uneven: values.some((value) => value.length !== length), all }
}

/** If none of so many letters is among some of a known alphabet, the alphabet is a custom one. */
function toAlphabet(seen: ReadonlySet<string>, draws: number): Alphabet {
  const known = alphabetOf(seen)
  if (!isNarrow(seen.size, known.letters.length, draws)) return known
  return { name: `part of ${known.name}`, letters: [...known.letters].filter((letter) => seen.has(letter)).join('') }
}

function toPosition(values: readonly string[], at: number, seen: ReadonlySet<string>, alphabet: Alphabet): Position {
  if (seen.size === 1) return { at, size: 1, symbols: new Uint8Array(0), commonest: values.length }
  const letters = isNarrow(seen.size, alphabet.letters.length, values.length)
    ? [...alphabet.letters].filter((letter) => seen.has(letter)).join('')
    : alphabet.letters
  const counts = new Uint32Array(letters.length)
  const symbols = Uint8Array.from(values, (value) => {
    const symbol = letters.indexOf(value.charAt(at))
    counts[symbol] = (counts[symbol] ?? 0) + 1
    return symbol
  })
  return { at, size: letters.length, symbols, commonest: Math.max(...counts) }
}

/** Too few different letters for chance: the last letter of base64, the variant of a UUID, a clock's digit. */
function isNarrow(seen: number, possible: number, draws: number): boolean {
  const logP = logChoose(possible, seen) + draws * Math.log(seen / possible)
  return seen < possible && logP < Math.log(MISSED_BY_CHANCE)
}

/** The letters of the tokens, in the order of their encoder. */
export interface Alphabet {
  readonly name: string
  readonly letters: string
}

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()

/** From small to large: the first that contains every letter is used. */
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

/** Returns the alphabet of these letters. If no known one matches, they are sorted. */
export function alphabetOf(seen: ReadonlySet<string>): Alphabet {
  const known = KNOWN.find(({ letters }) => [...seen].every((letter) => letters.includes(letter)))
  return known ?? { name: 'its own', letters: [...seen].sort().join('') }
}
