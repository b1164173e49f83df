import type { Carrier } from '../../core/contracts/carrier.ts'
import { type Duration, toMs } from '../../core/contracts/duration.ts'
import { createKeygrip } from './_keygrip.ts'
import { checkLegacy, demandUntil, type LegacyOptions, oldCookieCarrier } from './_old-cookie.ts'
import type { Hash } from './_signature.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'
export type { Hash } from './_signature.ts'

export interface FromCookieSessionOptions extends LegacyOptions<Readonly<Record<string, unknown>>> {
  /** The `keys` of cookie-session, or its `secret`. */
  readonly keys: string | readonly string[]
  /** From then on no old cookie is accepted, because nothing in them states an end. */
  readonly until: Date
  /**
   * The `maxAge` of cookie-session. Sessions of ours then last as long from their adoption, and their cookie survives the end of the
   * browser. Default: sessions last as configured in `timeouts`.
   */
  readonly maxAge?: Duration
  /** The hash of the signatures, if `keys` was a `Keygrip` with another. Default: `'SHA-1'`. */
  readonly hash?: Hash
}

/**
 * Continues the sessions of cookie-session. The old cookie holds the whole session, and nothing could end it: a copy in another
 * browser, or an older one, begins a session too, once for each `User-Agent`, until `until`. If the cookies of two browsers are equal
 * and their `User-Agent` is too, both have to log in again.
 *
 * @throws `ERR_OPTION` if a key is missing or `until` is no time.
 * @example
 * ```ts
 * const old = fromCookieSession({ keys: [process.env.COOKIE_KEY ?? ''], until: new Date('2027-03-01') })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromCookieSession(options: FromCookieSessionOptions): Carrier {
  checkLegacy(options, { keys: 'any', until: 'any', maxAge: 'any', hash: 'string' }, 'fromCookieSession')
  const { keys, name = 'session', maxAge, hash = 'SHA-1' } = options
  const maxAgeMs = maxAge === undefined ? undefined : toMs(maxAge, 'fromCookieSession: maxAge')
  const until = demandUntil(options.until, 'cookie-session')
  const verify = createKeygrip(keys, name, hash, 'fromCookieSession: keys')
  return oldCookieCarrier(options, {
    library: 'cookie-session',
    name,
    signedBeside: true,
    async verify(text, view) {
      const signed = await verify(text)
      if (signed === null) return 'forged'
      const { data } = signed
      if (data === null) return 'malformed'
      // With nothing but a user id in them, the cookies of a user's browsers are equal. As one text they would be copies of each other,
      // and the second browser would end the session of the first.
      const key = `${signed.text} ${view.header('user-agent') ?? ''}`
      const endsAt = maxAgeMs === undefined ? undefined : Date.now() + maxAgeMs
      return { key, read: () => ({ old: data, until, endsAt }) }
    },
  })
}
