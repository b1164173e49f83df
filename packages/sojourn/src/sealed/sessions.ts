/**
 * Sessions in the client: the whole record in an encrypted cookie, for applications without a store.
 * @module sojourn/sealed
 */
import type { CookieOptions } from '../carriers/cookie-options.ts'
import type { Carrier } from '../core/contracts/carrier.ts'
import { checkOptions } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Store } from '../core/contracts/store.ts'
import { assertStore } from '../core/request/lacks.ts'
import { sealedCookie } from './_carrier.ts'
import { NAME, unsupported } from './_client-records.ts'
import { MOST_COOKIES } from './_cookies.ts'

export interface SealedOptions {
  /**
   * Random secrets of 32 bytes or more, newest first: `openssl rand -base64 32`. The first one encrypts, and all of them decrypt, so
   * that keys can be rotated. Whoever has one can read and make sessions. Use other keys for other applications.
   */
  readonly keys: readonly (string | Uint8Array)[]
  /** Name and attributes of the cookie. Default `__Host-session`. */
  readonly cookie?: CookieOptions
  /**
   * A store that keeps all of a session but its data: ended sessions stay ended, a replaced token stops, and a user's sessions can be
   * listed and ended. It is the `store` of these sessions. Default: none.
   */
  readonly revocations?: Store
  /** How many cookies of 3.8 kB a session may take, 1 to 3. Default 2, because nginx and Apache refuse a `Cookie` header of 8 kB. */
  readonly maxCookies?: number
  /** Rounds the length of what is encrypted up to a multiple of this many bytes, so that the cookie's length says less. Default 1. */
  readonly padTo?: number
}

/** The options that `sealedSessions` provides for `createSessions`. */
export interface SealedSessions {
  readonly store: Store
  readonly carriers: readonly Carrier[]
}

/**
 * Keeps sessions in an encrypted cookie (AES-256-GCM), in place of a store. Without `revocations`, an ended session opens again with
 * a copy of its cookie, until its limits. Parallel requests send the cookie that each of them made, so the last one counts. Both
 * must be accepted by name.
 *
 * ```ts
 * const sessions = createSessions({
 *   ...sealedSessions({ keys: [process.env.SESSION_KEY ?? ''] }),
 *   insecureStoreLacks: ['ended', 'fresh-token', 'list', 'lost-update'],
 * })
 * ```
 *
 * Runs on Node, Bun and Deno.
 *
 * @throws `ERR_OPTION` for a wrong option. Writes throw `ERR_DATA_TOO_LARGE` if the session does not fit into the cookies.
 */
export function sealedSessions(options: SealedOptions): SealedSessions {
  checkOptions(
    options,
    { keys: 'array', cookie: 'object', revocations: 'object', maxCookies: 'number', padTo: 'number' },
    'sealedSessions',
  )
  const { keys, cookie = {}, revocations, maxCookies = 2, padTo = 1 } = options
  assertWhole(maxCookies, MOST_COOKIES, 'maxCookies')
  assertWhole(padTo, MOST_PADDING, 'padTo')
  if (revocations !== undefined) assertStore(revocations)
  const isStored = revocations !== undefined
  const lacks = isStored ? { 'lost-update': LACKS['lost-update'] } : LACKS
  return {
    store: revocations ?? noStore,
    carriers: [sealedCookie({ keys, cookie, maxCookies, padTo, isStored, lacks })],
  }
}

const MOST_PADDING = 4096

function assertWhole(value: number, most: number, name: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return
  throw new SessionError('ERR_OPTION', `sealedSessions: ${name} must be a whole number from 1 to ${most}.`)
}

const LACKS = {
  ended: 'An ended session opens again with a copy of its cookie. Set revocations.',
  'lost-update':
    'Parallel requests each send the whole cookie, so the last one counts, and a client can present an older one.',
  'fresh-token': 'A copy of the cookie from before a rotation still opens the session. Set revocations.',
  list: "No store knows a user's sessions. Set revocations.",
} as const

const noStore: Store = {
  name: NAME,
  lacks: LACKS,
  read: () => null,
  create: unsupported,
  write: () => ({ status: 'gone', tombstone: null }),
  end: () => null,
  list: unsupported,
  close() {},
}
