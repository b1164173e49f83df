/** Some letters of every token as numbers; what is no number is NaN. */
export interface LetterSeries {
  readonly how: string
  readonly from: number
  readonly to: number
  readonly count: number
  readonly at: (i: number) => number
}

const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()

/** How programs write numbers, and how many letters a time of our days has in seconds, milliseconds and microseconds. */
const BASES: readonly (readonly [how: string, letters: string, sizes: readonly number[]])[] = [
  ['decimal', DIGITS, [10, 13, 16, 19]],
  ['hex', `${DIGITS}abcdef`, [8, 11, 13]],
  ['hex', `${DIGITS}ABCDEF`, [8, 11, 13]],
  ['base32', `${DIGITS}ABCDEFGHJKMNPQRSTVWXYZ`, [7, 9, 11]],
  ['base32', `${DIGITS}abcdefghjkmnpqrstvwxyz`, [7, 9, 11]],
  ['base32', `${DIGITS}abcdefghijklmnopqrstuv`, [7, 9, 11]],
  ['base32', `${LOWER}234567`, [7, 9, 11]],
  ['base32', `${UPPER}234567`, [7, 9, 11]],
  ['base36', `${DIGITS}${LOWER}`, [6, 8, 10]],
  ['base36', `${DIGITS}${UPPER}`, [6, 8, 10]],
  ['base58', `${DIGITS.slice(1)}ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz`, [6, 7, 9]],
  ['base62', `${DIGITS}${UPPER}${LOWER}`, [6, 7, 9]],
  ['base62', `${DIGITS}${LOWER}${UPPER}`, [6, 7, 9]],
  ['base64', `${UPPER}${LOWER}${DIGITS}-_`, [6, 7, 9]],
  ['base64, in the order of ASCII', `-${DIGITS}${UPPER}_${LOWER}`, [6, 7, 9]],
]

/** Tokens hold a clock near an end, or are short. */
const MOST_LETTERS = 128

export function* letterWindows(values: readonly string[]): Generator<LetterSeries> {
  const length = values.reduce((least, value) => Math.min(least, value.length), MOST_LETTERS)
  const [first = ''] = values
  for (const [how, letters, sizes] of BASES) {
    const digits = new Map([...letters].map((letter, i) => [letter, i]))
    for (const size of sizes) {
      for (let from = 0; from + size <= length; from++) {
        const at = (i: number) => toNumber(values[i] ?? '', from, from + size, digits)
        if (!Number.isNaN(toNumber(first, from, from + size, digits))) {
          yield { how, from, to: from + size, count: values.length, at }
        }
      }
    }
  }
}

/** To the nearest that a double holds: far finer than any clock here. */
function toNumber(text: string, from: number, to: number, digits: ReadonlyMap<string, number>): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * digits.size + (digits.get(text.charAt(i)) ?? Number.NaN)
  return value
}
