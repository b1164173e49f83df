import type { Carrier } from '../../core/contracts/carrier.ts'
import { type ExpressRowsOptions, expressRowsCarrier } from './_express-rows.ts'

export type { OldExpressSession, OldStore } from './_express-rows.ts'
export type { LegacyOptions, Moved } from './_old-cookie.ts'

export interface FromExpressSessionOptions extends ExpressRowsOptions {}

/**
 * Continues the sessions of express-session: nobody has to log in again after the move. Reads the signed cookie and the row in the
 * old store, makes a session of ours of it, and deletes both. An old session is adopted once, and a logout ends it for good.
 *
 * @throws `ERR_OPTION` if the secret is missing or the store is none.
 * @example
 * ```ts
 * const carriers = [cookieCarrier({ name: '__Host-shop' }), fromExpressSession({ secret: process.env.SESSION_SECRET ?? '', store: oldStore })]
 * export const sessions = createSessions({ carriers })
 * ```
 */
export function fromExpressSession(options: FromExpressSessionOptions): Carrier {
  const from = { library: 'express-session', where: 'fromExpressSession', name: 'connect.sid', prefix: 's:' }
  return expressRowsCarrier(options, from)
}
