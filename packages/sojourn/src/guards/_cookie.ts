import { cookieCarrier } from '../carriers/cookie.ts'
import type { CookieOptions } from '../carriers/cookie-options.ts'
import type { Candidates, HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import type { GuardOwner } from '../core/contracts/guard.ts'
import type { Token } from '../core/contracts/record.ts'
import { warnOf } from '../core/request/for-guards.ts'

/** A cookie of a guard's own, beside that of the session. */
export interface GuardCookie {
  /** Has warnings sent to where those of these sessions go. */
  joined(owner: GuardOwner): void
  read(view: RequestView): Candidates
  /** `maxAgeSeconds`: `null` until the browser closes. */
  write(view: RequestView, value: string, maxAgeSeconds: number | null): readonly HeaderChange[]
  clear(view: RequestView): readonly HeaderChange[]
}

/** `name` without a prefix. The cookie has one unless it travels over plain HTTP. */
export function createGuardCookie(name: string, options: CookieOptions = {}): GuardCookie {
  const prefix = options.insecureOverHttp === true ? '' : '__Host-'
  const own = { name: `${prefix}${name}`, ...options } as CookieOptions
  let jar = cookieCarrier(own)

  return {
    joined(owner) {
      jar = cookieCarrier({ warn: warnOf(owner), ...own })
    },
    read: (view) => jar.read(view),
    write(view, value, maxAgeSeconds) {
      const duplicates = jar.read(view).values.length > 1 ? jar.clearDuplicates?.(view) : undefined
      return [...(duplicates ?? []), ...jar.write(view, value as Token, { maxAgeSeconds })]
    },
    clear: (view) => (jar.read(view).values.length > 0 ? jar.clear(view) : []),
  }
}
