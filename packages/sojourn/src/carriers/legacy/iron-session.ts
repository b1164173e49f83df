import type { Carrier } from '../../core/contracts/carrier.ts'
import { checkArgument } from '../../core/contracts/check-options.ts'
import { checkLegacy, demandUntil, type LegacyOptions, oldCookieCarrier, orNull } from './_old-cookie.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'

export interface FromIronSessionOptions extends LegacyOptions<Readonly<Record<string, unknown>>> {
  /** `unsealData` of iron-session, tested with 8.0.4. Keep the package until you remove this carrier. */
  readonly unsealData: (
    seal: string,
    options: { password: string | Record<string, string>; ttl?: number },
  ) => Promise<unknown>
  /** One, or several by their ids, as iron-session had them. */
  readonly password: string | Readonly<Record<string, string>>
  /** The `cookieName` of iron-session. */
  readonly name: string
  /** The `ttl` of iron-session. Default: 14 days. */
  readonly ttlSeconds?: number
  /** From then on no old cookie is accepted. Needed if the `ttl` was 0: such cookies state no end. */
  readonly until?: Date
}

/**
 * Continues the sessions of iron-session. The old cookie holds the whole session, and nothing could end it: an older copy of it
 * begins a session too, once, until its end.
 *
 * @throws `ERR_OPTION` if an option is missing.
 * @example
 * ```ts
 * import { unsealData } from 'iron-session'
 *
 * const old = fromIronSession({ unsealData, password: process.env.IRON_PASSWORD ?? '', name: 'shop' })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromIronSession(options: FromIronSessionOptions): Carrier {
  const kinds = { unsealData: 'function', password: 'any', ttlSeconds: 'number', until: 'any' } as const
  checkLegacy(options, kinds, 'fromIronSession')
  const { unsealData, password, name, ttlSeconds } = options
  checkArgument(unsealData, 'function', 'fromIronSession: unsealData')
  checkArgument(name, 'string', 'fromIronSession: name')
  const passwords = typeof password === 'string' ? password : { ...password }

  return oldCookieCarrier(options, {
    library: 'iron-session',
    name,
    async verify(text) {
      const how = { password: passwords, ...(ttlSeconds !== undefined && { ttl: ttlSeconds }) }
      const old = await orNull(() => unsealData(text, how))
      // A seal that is not accepted is an empty session in iron-session, too.
      if (typeof old !== 'object' || old === null || Object.keys(old).length === 0) return 'forged'
      const [seal = ''] = text.split('~', 1)
      const ends = Number(seal.split('*')[5])
      const data = { ...old }
      return {
        key: seal,
        read: () =>
          ends > 0
            ? { old: data, until: ends, endsAt: ends }
            : { old: data, until: demandUntil(options.until, 'iron-session') },
      }
    },
  })
}
