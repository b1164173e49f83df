import type { Carrier } from '../../core/contracts/carrier.ts'
import { SessionError } from '../../core/contracts/errors.ts'
import type { Refusal } from '../../core/contracts/session.ts'
import { createKeygrip } from './_keygrip.ts'
import {
  checkLegacy,
  demandUntil,
  type LegacyOptions,
  oldCookieCarrier,
  type Read,
  untilFromNow,
} from './_old-cookie.ts'
import type { Hash } from './_signature.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'
export type { Hash } from './_signature.ts'

/** What is used of the `store` of koa-session. */
export interface OldKoaStore {
  get(key: string): unknown
  destroy(key: string): unknown
}

export interface FromKoaSessionOptions extends LegacyOptions<Readonly<Record<string, unknown>>> {
  /** The `app.keys` of the old application. */
  readonly keys: string | readonly string[]
  /** The `store` of koa-session, if it had one. */
  readonly store?: OldKoaStore
  /** From then on no old cookie is accepted. Needed if there is no store, and `maxAge` was `'session'`: such cookies state no end. */
  readonly until?: Date
  /** The hash of the signatures, if `app.keys` was a `Keygrip` with another. Default: `'SHA-1'`. */
  readonly hash?: Hash
}

/**
 * Continues the sessions of koa-session, in signed cookies or in a store. A cookie that holds the whole session could not be ended:
 * an older copy of it begins a session too, once, until its end.
 *
 * @throws `ERR_OPTION` if a key is missing or the store is none.
 * @example
 * ```ts
 * const old = fromKoaSession({ keys: [process.env.APP_KEY ?? ''] })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromKoaSession(options: FromKoaSessionOptions): Carrier {
  checkLegacy(options, { keys: 'any', store: 'any', until: 'any', hash: 'string' }, 'fromKoaSession')
  const { keys, store, name = 'koa.sess', hash = 'SHA-1' } = options
  if (store !== undefined && (typeof store?.get !== 'function' || typeof store.destroy !== 'function')) {
    throw new SessionError('ERR_OPTION', 'fromKoaSession: store must be that of koa-session, with get and destroy.')
  }
  const verify = createKeygrip(keys, name, hash, 'fromKoaSession: keys')

  function toRead(kept: object): Read<Readonly<Record<string, unknown>>> {
    const { _expire, _maxAge, _session, ...old } = kept as Readonly<Record<string, unknown>>
    if (typeof _expire === 'number') return { old, until: _expire, endsAt: _expire }
    return { old, until: store === undefined ? demandUntil(options.until, 'koa-session') : untilFromNow(null) }
  }

  async function readRow(key: string, from: OldKoaStore): Promise<Read<Readonly<Record<string, unknown>>> | Refusal> {
    const row = await from.get(key)
    return typeof row === 'object' && row !== null ? toRead(row) : 'unknown'
  }

  return oldCookieCarrier(options, {
    library: 'koa-session',
    name,
    signedBeside: true,
    async verify(text) {
      const signed = await verify(text)
      if (signed === null) return 'forged'
      const { value, data } = signed
      if (store !== undefined) {
        return { key: signed.text, read: () => readRow(value, store), remove: () => store.destroy(value) }
      }
      return data === null ? 'malformed' : { key: signed.text, read: () => toRead(data) }
    },
  })
}
