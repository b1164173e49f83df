import type { Carrier } from '../../core/contracts/carrier.ts'
import { checkArgument } from '../../core/contracts/check-options.ts'
import { checkLegacy, type LegacyOptions, oldCookieCarrier, orNull } from './_old-cookie.ts'
import { fromBase64 } from './_signature.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'

/** What is used of a session of @fastify/secure-session. */
export interface OldSecureSession {
  get(key: string): unknown
  data(): Record<string, unknown> | undefined
}

export interface FromSecureSessionOptions extends LegacyOptions<Readonly<Record<string, unknown>>> {
  /** Opens the cookie: `(text) => old.decodeSecureSession(text)`, where `old` is a Fastify instance with the old plugin. */
  readonly decode: (text: string) => OldSecureSession | null
  /** The `expiry` of @fastify/secure-session. Default: 86 401, as there. */
  readonly expirySeconds?: number
}

/**
 * Continues the sessions of @fastify/secure-session. The old cookie holds the whole session, and nothing could end it: an older copy
 * of it begins a session too, once, until its end.
 *
 * @throws `ERR_OPTION` if `decode` is missing.
 * @example
 * ```ts
 * const old = Fastify()
 * await old.register(secureSession, oldOptions)
 * await old.ready()
 * const carrier = fromSecureSession({ decode: (text) => old.decodeSecureSession(text) })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), carrier] })
 * ```
 */
export function fromSecureSession(options: FromSecureSessionOptions): Carrier {
  checkLegacy(options, { decode: 'function', expirySeconds: 'number' }, 'fromSecureSession')
  const { decode, name = 'session', expirySeconds = 86_401 } = options
  checkArgument(decode, 'function', 'fromSecureSession: decode')
  return oldCookieCarrier(options, {
    library: '@fastify/secure-session',
    name,
    async verify(text) {
      const parts = text.split(';')
      // The library accepts other spellings of the same bytes, and each would begin a session.
      const isNormal = parts.length === 2 && parts.every((part) => part.length % 4 === 0 && fromBase64(part) !== null)
      const session = isNormal ? await orNull(() => decode(text)) : null
      if (session === null) return 'forged'
      const ends = (Number(session.get('__ts')) + expirySeconds) * 1000
      return { key: text, read: () => ({ old: session.data() ?? {}, until: ends, endsAt: ends }) }
    },
  })
}
