import { assertSet, checkOptions, LIMITS, type OptionKinds } from './check-options.ts'
import { type Duration, LEAST_MS, toMs } from './duration.ts'
import { SessionError } from './errors.ts'

/**
 * Named limits, from OWASP's session management sheet for low and high value applications, NIST SP 800-63B-4 2.1.3 to
 * 2.3.3, and PCI DSS 4.0.1 8.2.8. If a standard does not define a limit, the default applies.
 */
export type TimeoutPreset = keyof typeof PRESETS

/** Limits, all enforced on the server. Defaults: idle 30m, absolute 12h, renew 1h, grace 2m, touch 1m. */
export interface Timeouts {
  /** Named limits. Limits that are set beside it take precedence. */
  readonly preset?: TimeoutPreset
  /** The session expires if it is unused for this long. */
  readonly idle?: Duration
  /** The session expires this long after the login or the last proof, used or not. */
  readonly absolute?: Duration
  /** Age at which a token is replaced by its derived successor. */
  readonly renew?: Duration
  /**
   * How long the previous token is accepted (after a renewal) or refused without an alarm (after a rotation). Also how far
   * apart two uses of an older token must be to end the session. At most `renew`.
   */
  readonly grace?: Duration
  /**
   * Last-seen is written at most this often, so an idle session ends between `idle - touch` and `idle`, never later. More
   * than half of `idle` counts as half.
   */
  readonly touch?: Duration
  /**
   * The longest limits that a `login` may ask for. A longer one is cut to this, with a warning. Default: none, but `owasp-high`,
   * `nist-aal2`, `nist-aal3` and `pci-dss` are ceilings themselves.
   */
  readonly ceiling?: Ceiling
}

/** The longest limits of any session. */
export interface Ceiling {
  readonly idle?: Duration
  readonly absolute?: Duration
}

/** The limits of `Timeouts`, in milliseconds. */
export interface Limits {
  readonly idleMs: number
  readonly absoluteMs: number
  readonly renewMs: number
  readonly graceMs: number
  readonly touchMs: number
  /** Infinite: there is no ceiling. */
  readonly mostIdleMs: number
  readonly mostAbsoluteMs: number
}

const DEFAULTS = { idle: '30m', absolute: '12h', renew: '1h', grace: '2m', touch: '1m' } as const

const PRESETS = {
  'owasp-low': { idle: '30m', absolute: '8h' },
  'owasp-high': { idle: '5m', absolute: '4h', renew: '30m' },
  'nist-aal1': { idle: '30d', absolute: '30d' },
  'nist-aal2': { idle: '1h', absolute: '24h' },
  'nist-aal3': { idle: '15m', absolute: '12h' },
  'pci-dss': { idle: '15m', absolute: '12h' },
} as const

/** A standard sets these as limits that no session may exceed. */
const STRICT: readonly TimeoutPreset[] = ['owasp-high', 'nist-aal2', 'nist-aal3', 'pci-dss']

const KINDS: OptionKinds<Timeouts> = {
  preset: Object.keys(PRESETS),
  idle: 'any',
  absolute: 'any',
  renew: 'any',
  grace: 'any',
  touch: 'any',
  ceiling: 'object',
}

/** Checks the limits and fills in defaults. Throws `ERR_OPTION` for an unknown preset, a bad duration, or contradictory limits. */
export function toLimits(timeouts: TimeoutPreset | Timeouts = {}, warn?: (message: string) => void): Limits {
  const given: Timeouts = typeof timeouts === 'string' ? { preset: timeouts } : timeouts
  checkOptions(given, KINDS, 'timeouts', LIMITS)
  assertSet(given, ['preset', 'ceiling'], 'timeouts')
  const all = { ...DEFAULTS, ...(given.preset && PRESETS[given.preset]), ...given }
  const most = toMost(given)
  const msOf = (name: keyof typeof DEFAULTS, mostMs = Number.POSITIVE_INFINITY): number => {
    const ms = toMs(all[name], `timeouts.${name}`, warn, LEAST_MS[name])
    if (ms > mostMs) throw new SessionError('ERR_OPTION', aboveCeiling(name, given))
    return ms
  }
  const idleMs = msOf('idle', most.mostIdleMs)
  const absoluteMs = msOf('absolute', most.mostAbsoluteMs)
  if (idleMs > absoluteMs) {
    throw new SessionError(
      'ERR_OPTION',
      `timeouts.idle (${all.idle}) must not be longer than timeouts.absolute (${all.absolute}).`,
    )
  }
  const renewMs = msOf('renew')
  const longestMs = msOf('grace')
  // A short `renew` alone is not a contradiction, so the default grace is shortened to fit.
  const graceMs = given.grace === undefined ? Math.min(longestMs, renewMs) : longestMs
  if (renewMs < graceMs) throw new SessionError('ERR_OPTION', 'timeouts.renew must not be shorter than timeouts.grace.')
  return { idleMs, absoluteMs, renewMs, graceMs, touchMs: Math.min(msOf('touch'), idleMs / 2), ...most }
}

function toMost({ preset, ceiling = {} }: Timeouts): Pick<Limits, 'mostIdleMs' | 'mostAbsoluteMs'> {
  checkOptions(ceiling, { idle: 'any', absolute: 'any' }, 'timeouts: ceiling')
  assertSet(ceiling, ['idle', 'absolute'], 'timeouts.ceiling')
  const strict: Ceiling = preset !== undefined && STRICT.includes(preset) ? PRESETS[preset] : {}
  const all: Ceiling = { ...strict, ...ceiling }
  const mostOf = (name: keyof Ceiling): number =>
    all[name] === undefined ? Number.POSITIVE_INFINITY : toMs(all[name], `timeouts.ceiling.${name}`)
  return { mostIdleMs: mostOf('idle'), mostAbsoluteMs: mostOf('absolute') }
}

function aboveCeiling(name: string, { preset, ceiling }: Timeouts): string {
  const whose = ceiling?.[name as keyof Ceiling] === undefined ? `the preset ${preset}` : 'timeouts.ceiling'
  return `timeouts.${name} is longer than ${whose} allows. Shorten it, or set timeouts.ceiling.${name} to at least as long.`
}
