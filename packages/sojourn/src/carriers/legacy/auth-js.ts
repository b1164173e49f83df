import type { Carrier } from '../../core/contracts/carrier.ts'
import { checkArgument } from '../../core/contracts/check-options.ts'
import { checkLegacy, type LegacyOptions, type Moved, oldCookieCarrier, orNull } from './_old-cookie.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'

/** The claims of an encrypted session of Auth.js. */
export interface OldAuthJsToken {
  readonly sub?: string | undefined
  readonly exp?: number | undefined
  readonly jti?: string | undefined
  readonly [claim: string]: unknown
}

export interface FromAuthJsOptions extends LegacyOptions<OldAuthJsToken> {
  /**
   * Decrypts the token: `(token) => decode({ token, secret, salt: name })`, with `decode` of `next-auth/jwt` or `@auth/core/jwt`. In
   * next-auth 4, without `salt`.
   */
  readonly decode: (token: string) => Promise<OldAuthJsToken | null>
  /**
   * The name of the cookie: `__Secure-authjs.session-token` (version 5 over HTTPS), `authjs.session-token` (over HTTP), or
   * `__Secure-next-auth.session-token` and `next-auth.session-token` in version 4. Default: the first.
   */
  readonly name?: string
}

/**
 * Continues the sessions of Auth.js and next-auth with the strategy `jwt`; for `database` see `fromSessionTable`. The old cookie
 * holds the whole session, and nothing could end it: an older copy of it begins a session too, once, until its end. The user is
 * `sub`, and no claim becomes data, unless `toSession` takes it.
 *
 * @throws `ERR_OPTION` if `decode` is missing.
 * @example
 * ```ts
 * import { decode } from 'next-auth/jwt'
 *
 * const name = '__Secure-authjs.session-token'
 * const secret = process.env.AUTH_SECRET ?? ''
 * const old = fromAuthJs({ name, decode: (token) => decode({ token, secret, salt: name }) })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromAuthJs(options: FromAuthJsOptions): Carrier {
  checkLegacy(options, { decode: 'function' }, 'fromAuthJs')
  const { decode, name = '__Secure-authjs.session-token', toSession = usualSession } = options
  checkArgument(decode, 'function', 'fromAuthJs: decode')
  return oldCookieCarrier(
    { ...options, toSession },
    {
      library: 'Auth.js',
      name,
      chunked: true,
      async verify(text) {
        const old = await orNull(() => decode(text))
        const { exp, jti } = old ?? {}
        // Base64 has several spellings, and Auth.js accepts all of them: the id of the token is the same in each.
        if (old === null || typeof exp !== 'number' || typeof jti !== 'string') return 'forged'
        return { key: jti, read: () => ({ old, until: exp * 1000, endsAt: exp * 1000 }) }
      },
    },
  )
}

function usualSession({ sub }: OldAuthJsToken): Moved {
  return { userId: sub ?? null, data: {} }
}
