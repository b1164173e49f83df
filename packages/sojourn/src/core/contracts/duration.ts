import { SessionError } from './errors.ts'

/** `'30m'`, `'12h'`, or a number of milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** A hundred years. Much more, and the times it leads to are none that a `Date` can hold. */
const MAX_MS = 36_525 * 86_400_000

/** Milliseconds; `ERR_OPTION`, naming the option, for anything but a positive time of at most a hundred years. */
export function toMs(duration: Duration, option: string): number {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(duration) : null
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : duration
  const rounded = typeof ms === 'number' ? Math.round(ms) : Number.NaN
  if (rounded >= 1 && rounded <= MAX_MS) return rounded
  throw new SessionError(
    'ERR_OPTION',
    `${option} must be a time such as '30m', '12h' or milliseconds, at most 100 years.`,
  )
}
