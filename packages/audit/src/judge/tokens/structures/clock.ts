import type { NumberSeries } from '../numbers.ts'
import type { Clock, Structure } from './structure.ts'

// Formulas, constants and sources: docs/audit/statistics.md#clocks-and-counters

/** Times are sought within a day of issue, or of now if that is unknown: wide enough for a file from yesterday. */
const SLACK_MS = 86_400_000

/** How far a token's clock may differ from the others, beyond its unit, because answers take time. */
const JITTER_MS = 2500

interface Unit {
  readonly name: string
  readonly ms: number
  readonly from: number
}

const UNITS: readonly Unit[] = [
  { name: 'seconds', ms: 1000, from: 0 },
  { name: 'milliseconds', ms: 1, from: 0 },
  { name: 'microseconds', ms: 1e-3, from: 0 },
  { name: 'nanoseconds', ms: 1e-6, from: 0 },
  { name: 'steps of 100 ns since 1601', ms: 1e-4, from: -11_644_473_600_000 },
]

export const isNear = (ms: number, i: number, { at, now }: Clock): boolean => Math.abs(ms - (at?.[i] ?? now)) < SLACK_MS

/**
 * Whether these are the times of the tokens, judged by all of them together. One in 25 000 values of eight random hex digits is a
 * time of today, and there are hundreds of places to examine. So each value must be near, they must rise in the order of issue,
 * and match the times of issue if those are known. A part that never changes proves nothing. Random parts after constants pass in
 * fewer than one in a million samples of ten; see the tests.
 */
export function followsClock(times: readonly number[], clock: Clock): boolean {
  if (!times.every((ms, i) => isNear(ms, i, clock))) return false
  const steps = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
  const rises = steps.filter((step) => step > 0).length
  const falls = steps.filter((step) => step < 0).length
  if (falls > steps.length / 20) return false
  const { at } = clock
  if (at === undefined) return rises >= 3
  const ahead = times.map((ms, i) => ms - (at[i] ?? 0)).sort((a, b) => a - b)
  const middle = ahead[ahead.length >> 1] ?? 0
  return rises >= 1 && ahead.every((ms) => Math.abs(ms - middle) <= JITTER_MS)
}

/** Finds a clock in the numbers, in any unit. */
export function clockOf({ how, from, to, values }: NumberSeries, clock: Clock): Structure | null {
  return clockIn({ how, from, to, count: values.length, at: (i) => Number(values[i]) }, clock)
}

/** Finds a clock in letters of any base, at any position. */
export function lettersClock(values: readonly string[], clock: Clock): Structure[] {
  return [...letterWindows(values)].flatMap((series) => clockIn(series, clock) ?? [])
}

function clockIn({ how, from, to, count, at }: LetterSeries, clock: Clock): Structure | null {
  const unit = UNITS.find((unit) => {
    const timeOf = (i: number) => at(i) * unit.ms + unit.from
    // The first token rules out most of them.
    return (
      isNear(timeOf(0), 0, clock) &&
      followsClock(
        Array.from({ length: count }, (_, i) => timeOf(i)),
        clock,
      )
    )
  })
  if (unit === undefined) return null
  return { id: 'clock', text: `${how} from letter ${from + 1} on are the time in ${unit.name}`, from, to }
}

/** Some letters of every token as numbers; NaN if they are not a number. */
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

/** How programs write numbers, and how many letters a current time has in seconds, milliseconds and microseconds. */
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

/** A clock is near an end of a token, or the token is short. */
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

/** To the precision of a double, which is far finer than any clock here. */
function toNumber(text: string, from: number, to: number, digits: ReadonlyMap<string, number>): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * digits.size + (digits.get(text.charAt(i)) ?? Number.NaN)
  return value
}
