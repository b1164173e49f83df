import type { Carrier } from '../../core/contracts/carrier.ts'
import { checkArgument } from '../../core/contracts/check-options.ts'
import type { JsonValue } from '../../core/contracts/json.ts'
import type { Refusal } from '../../core/contracts/session.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import {
  checkLegacy,
  demandUntil,
  type LegacyOptions,
  oldCookieCarrier,
  orNull,
  type Read,
  untilFromNow,
} from './_old-cookie.ts'
import { toJsonObject } from './_signature.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'

/** What is used of a store of hono-sessions. `CookieStore` is none: leave `store` out then. */
export interface OldHonoStore {
  getSessionById(id: string): unknown
  deleteSession(id: string): unknown
}

export interface FromHonoSessionsOptions extends LegacyOptions<Readonly<Record<string, JsonValue>>> {
  /**
   * Opens the cookie: `(text) => decrypt(encryptionKey, text)`, with `decrypt` of hono-sessions. Without an `encryptionKey`, which only
   * applications with a store could do: `(text) => text`.
   */
  readonly decrypt: (text: string) => MaybePromise<unknown>
  /** The store of hono-sessions, if it had another than `CookieStore`. */
  readonly store?: OldHonoStore
  /** From then on no old cookie is accepted. Needed if there is no store, and no `expireAfterSeconds` was set. */
  readonly until?: Date
}

/**
 * Continues the sessions of hono-sessions. A cookie that holds the whole session could not be ended: an older copy of it begins a
 * session too, once, until its end.
 *
 * @throws `ERR_OPTION` if `decrypt` is missing.
 * @example
 * ```ts
 * import { decrypt } from 'hono-sessions'
 *
 * const old = fromHonoSessions({ decrypt: (text) => decrypt(process.env.OLD_KEY ?? '', text), store: oldStore })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromHonoSessions(options: FromHonoSessionsOptions): Carrier {
  checkLegacy(options, { decrypt: 'function', store: 'any', until: 'any' }, 'fromHonoSessions')
  const { decrypt, store, name = 'session' } = options
  checkArgument(decrypt, 'function', 'fromHonoSessions: decrypt')

  function toRead(kept: OldHonoSession): Read<Readonly<Record<string, JsonValue>>> {
    const entries = Object.entries(kept._data ?? {}).filter(([, { flash }]) => flash !== true)
    const old = Object.fromEntries(entries.map(([key, { value }]) => [key, value]))
    if (kept._expire) return { old, until: new Date(kept._expire), endsAt: new Date(kept._expire) }
    return { old, until: store === undefined ? demandUntil(options.until, 'hono-sessions') : untilFromNow(null) }
  }

  async function readRow(id: string, from: OldHonoStore): Promise<Read<Readonly<Record<string, JsonValue>>> | Refusal> {
    const row = await from.getSessionById(id)
    return typeof row === 'object' && row !== null ? toRead(row) : 'unknown'
  }

  return oldCookieCarrier(options, {
    library: 'hono-sessions',
    name,
    async verify(text) {
      const plain = await orNull(() => decrypt(text))
      if (typeof plain !== 'string' || plain === '') return 'forged'
      if (store !== undefined) {
        return { key: plain, read: () => readRow(plain, store), remove: () => store.deleteSession(plain) }
      }
      const kept = toJsonObject(plain)
      return kept === null ? 'malformed' : { key: text, read: () => toRead(kept) }
    },
  })
}

/** As hono-sessions keeps it. */
interface OldHonoSession {
  readonly _data?: Readonly<Record<string, { readonly value: JsonValue; readonly flash?: boolean }>>
  readonly _expire?: string | null
}
