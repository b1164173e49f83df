import type { Carrier } from '../../core/contracts/carrier.ts'
import { type ExpressRowsOptions, expressRowsCarrier } from './_express-rows.ts'

export type { OldExpressSession, OldStore } from './_express-rows.ts'
export type { LegacyOptions, Moved } from './_old-cookie.ts'

export interface FromFastifySessionOptions extends ExpressRowsOptions {
  /** The `cookiePrefix` that @fastify/session had: `'s:'` if it shared its sessions with express-session. Default: none. */
  readonly prefix?: string
}

/**
 * Continues the sessions of @fastify/session, as `fromExpressSession` does.
 *
 * @throws `ERR_OPTION` if the secret is missing or the store is none.
 * @example
 * ```ts
 * const carriers = [cookieCarrier(), fromFastifySession({ secret: process.env.SESSION_SECRET ?? '', store: oldStore })]
 * export const sessions = createSessions({ carriers })
 * ```
 */
export function fromFastifySession({ prefix = '', ...options }: FromFastifySessionOptions): Carrier {
  return expressRowsCarrier(options, {
    library: '@fastify/session',
    where: 'fromFastifySession',
    name: 'sessionId',
    prefix,
  })
}
