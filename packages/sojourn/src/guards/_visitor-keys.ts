import type { CookieOptions } from '../carriers/cookie-options.ts'
import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import { SessionError } from '../core/contracts/errors.ts'
import { createNonce } from '../core/token/secrets.ts'
import { createGuardCookie, type GuardCookie } from './_cookie.ts'

/** A secret for each browser that has no session, in a cookie of its own. Nothing is stored on the server. */
export interface VisitorKeys extends Pick<GuardCookie, 'joined' | 'clear'> {
  /** The key that the browser presents; `null` if it presents none, or several. */
  read(view: RequestView): string | null
  /** The same, or a new key, which `write` sends. */
  need(view: RequestView): string
  /** The headers that send a new key, if this request needed one. */
  write(view: RequestView): readonly HeaderChange[]
}

/** 128 random bits, as `createNonce` makes them. */
const KEY = /^[\w-]{22}$/

/** `name` as for `createGuardCookie`. */
export function createVisitorKeys(name: string, options?: CookieOptions): VisitorKeys {
  const jar = createGuardCookie(name, options)
  const created = new WeakMap<RequestView, string>()

  function read(view: RequestView): string | null {
    const { values, overflow } = jar.read(view)
    const [only] = values
    // A sibling host may have planted one of several, where no prefix prevents that.
    return only !== undefined && values.length === 1 && !overflow && KEY.test(only) ? only : null
  }

  return {
    joined: jar.joined,
    clear: jar.clear,
    read,
    need(view) {
      const known = read(view) ?? created.get(view)
      if (known !== undefined) return known
      if (view.canSetHeaders === false) {
        throw new SessionError('ERR_NO_HEADERS', 'Call token in a request that can set a cookie, or after the login.')
      }
      const key = createNonce()
      created.set(view, key)
      return key
    },
    write(view) {
      const key = created.get(view)
      return key === undefined ? [] : jar.write(view, key, null)
    },
  }
}
