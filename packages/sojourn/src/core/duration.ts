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

/** Milliseconds; `ERR_OPTION`, naming the option, for anything but a positive finite time. */
export function toMs(duration: Duration, option: string): number {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(duration) : null
  const ms = match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : duration
  if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return Math.round(ms)
  throw new SessionError('ERR_OPTION', `${option} must be a positive time such as '30m', '12h' or milliseconds.`)
}
