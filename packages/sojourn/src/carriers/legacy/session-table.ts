import type { Carrier } from '../../core/contracts/carrier.ts'
import { checkArgument } from '../../core/contracts/check-options.ts'
import type { JsonValue } from '../../core/contracts/json.ts'
import type { Refusal } from '../../core/contracts/session.ts'
import type { MaybePromise } from '../../core/contracts/store.ts'
import {
  checkLegacy,
  type Found,
  type LegacyOptions,
  type Moved,
  oldCookieCarrier,
  type Read,
  toUserId,
} from './_old-cookie.ts'
import { createVerify } from './_signature.ts'

export type { LegacyOptions, Moved } from './_old-cookie.ts'

/** A random token has 128 bits, which are 22 characters in base64. Other texts cost no read of a store. */
const TOKEN = /^[\w.~+/=:-]{22,512}$/

/** A row of the old table. */
export interface OldRow {
  readonly userId: string | number | bigint | null
  /** When the row ends. A `Date`, or ms since the epoch. */
  readonly expiresAt: Date | number
  /** When the session began, if the table has it. */
  readonly createdAt?: Date | number | null | undefined
  /** Default: none. */
  readonly data?: Readonly<Record<string, JsonValue>> | null | undefined
}

export interface FromSessionTableOptions extends LegacyOptions<OldRow> {
  /** The name of the old cookie. */
  readonly name: string
  /** Reads the row of this token, or returns `null` if there is none. */
  readonly read: (token: string) => MaybePromise<OldRow | null>
  /** Deletes the row of this token. */
  readonly remove: (token: string) => unknown
  /** The secret, if the cookie is `token.signature`, as in better-auth. Default: the cookie is the token. */
  readonly secret?: string | readonly string[]
}

/**
 * Continues sessions that are rows of a table, found by a random token in a cookie: those of better-auth, of Auth.js with the
 * strategy `database`, of Lucia, and most that were written by hand. The session ends when the row would have.
 *
 * A token has 22 to 512 letters, digits or `_.~+/=:-`. Other texts are refused.
 *
 * @throws `ERR_OPTION` if an option is missing.
 * @example
 * ```ts
 * const old = fromSessionTable({
 *   name: 'auth_session',
 *   read: (token) => db.oldSessions.find(token),
 *   remove: (token) => db.oldSessions.delete(token),
 * })
 * export const sessions = createSessions({ carriers: [cookieCarrier(), old] })
 * ```
 */
export function fromSessionTable(options: FromSessionTableOptions): Carrier {
  checkLegacy(options, { read: 'function', remove: 'function', secret: 'any' }, 'fromSessionTable')
  const { name, read, remove, secret, toSession = usualSession } = options
  checkArgument(name, 'string', 'fromSessionTable: name')
  checkArgument(read, 'function', 'fromSessionTable: read')
  checkArgument(remove, 'function', 'fromSessionTable: remove')
  const isSigned = secret === undefined ? null : createVerify(secret, 'SHA-256', 'fromSessionTable: secret')

  async function find(token: string): Promise<Read<OldRow> | Refusal> {
    const old = await read(token)
    if (old === null || old === undefined) return 'unknown'
    const { expiresAt, createdAt } = old
    return { old, until: expiresAt, endsAt: expiresAt, createdAt: createdAt ?? undefined }
  }

  return oldCookieCarrier(
    { ...options, toSession },
    {
      library: 'session table',
      name,
      async verify(text): Promise<Found<OldRow> | Refusal> {
        const dot = isSigned === null ? text.length : text.lastIndexOf('.')
        const token = text.slice(0, Math.max(dot, 0))
        if (!TOKEN.test(token)) return 'malformed'
        if (isSigned !== null && !(await isSigned(token, text.slice(dot + 1)))) return 'forged'
        return { key: token, read: () => find(token), remove: () => remove(token) }
      },
    },
  )
}

function usualSession({ userId, data }: OldRow): Moved {
  return { userId: toUserId(userId), data: data ?? {} }
}
