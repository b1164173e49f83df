import { SessionError } from './errors.ts'

/** A text such as `'30m'` or `'12h'`, or a number of milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** A hundred years. Much longer durations lead to times that a `Date` cannot hold. */
const MAX_MS = 36_525 * 86_400_000

/**
 * A shorter number was probably meant in seconds, and would log everybody out. A month of seconds is 43 minutes of
 * milliseconds.
 */
export const LEAST_MS: Readonly<Record<string, number>> = { idle: 120_000, absolute: 2_700_000, grace: 1000, touch: 0 }

/**
 * Converts to milliseconds. Throws `ERR_OPTION` with the option's name unless the time is positive and at most a hundred years.
 * Warns of a number below `leastMs`.
 */
export function toMs(duration: Duration, option: string, warn?: (message: string) => void, leastMs = 60_000): number {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(duration) : null
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : duration
  const rounded = typeof ms === 'number' ? Math.round(ms) : Number.NaN
  if (rounded >= 1 && rounded <= MAX_MS) {
    if (match === null && rounded < leastMs) warn?.(`${option} is ${ms} ms. For seconds, write '${ms}s'.`)
    return rounded
  }
  throw new SessionError(
    'ERR_OPTION',
    `${option} must be a time such as '30m', '12h' or milliseconds, at most 100 years.`,
  )
}
