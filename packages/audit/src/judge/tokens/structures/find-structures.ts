import { byteWindows, type NumberSeries, wholeNumbers } from '../numbers.ts'
import { clockOf, lettersClock } from './clock.ts'
import { FORMATS, snowflake } from './formats.ts'
import type { Clock, Structure } from './structure.ts'

// Formulas, constants and sources: docs/audit/statistics.md#clocks-and-counters

/** Fewer tokens reveal nothing. */
const FEWEST = 5
/** More tokens reveal nothing more. */
const MOST = 200

/** Finds every structure that all of the tokens have. */
export function findStructures(tokens: readonly string[], clock: Clock): Structure[] {
  if (tokens.length < FEWEST) return []
  const values = tokens.slice(0, MOST)
  const found = FORMATS.flatMap((format) => format(values, clock) ?? [])
  if (found.length > 0) return found
  const whole = wholeNumbers(values).flatMap(
    (series) => clockOf(series, clock) ?? snowflake(series, clock) ?? counter(series) ?? [],
  )
  if (whole.length > 0) return whole.slice(0, 1)
  const ofBytes = [...byteWindows(values)].flatMap((series) => clockOf(series, clock) ?? [])
  return narrowest([...lettersClock(values, clock), ...ofBytes])
}

/** Random numbers rise this many times in a row once in 40 million times. */
const RISES = 10

function counter({ how, from, to, values }: NumberSeries): Structure | null {
  const steps = values.slice(1).map((value, i) => value - (values[i] ?? 0n))
  const sorted = [...steps].sort((a, b) => (a < b ? -1 : 1))
  const most = sorted.at(-1) ?? 0n
  // All tokens rise, and by little compared with their range.
  const isEven = steps.every((step) => step === steps[0])
  const isCounter = (sorted[0] ?? 0n) > 0n && (isEven || (steps.length >= RISES && most < 10_000n))
  if (!isCounter) return null
  return { id: 'counter', text: `the token is a counter (${how}), in steps of at most ${most}`, from, to }
}

/** A clock of four bytes also appears in windows that begin earlier; the smallest window shows where it is. */
function narrowest(found: readonly Structure[]): Structure[] {
  const smallest = found.reduce<Structure | null>(
    (best, one) => (best === null || one.to - one.from < best.to - best.from ? one : best),
    null,
  )
  return smallest === null ? [] : [smallest]
}
