import type { HeaderChange, RequestView } from '../core/contracts/carrier.ts'
import type { Guard } from '../core/contracts/guard.ts'
import { NO_CACHE } from './_no-cache.ts'
import { refresh, register } from './device-bound/endpoints.ts'
import { writeRegistration } from './device-bound/headers.ts'
import { judge, offerAtLogin } from './device-bound/judge.ts'
import { parseNote } from './device-bound/note.ts'
import { type DeviceBoundOptions, toSettings } from './device-bound/options.ts'

export type { BoundCookieOptions } from './device-bound/cookie.ts'
export type { BindingPolicy, BindingScope, DeviceBoundOptions, ScopeRule } from './device-bound/options.ts'

const NO_HEADERS: readonly HeaderChange[] = []

/**
 * Binds sessions to a key that the browser keeps on its device (Device Bound Session Credentials, W3C). A browser that can do this
 * (Chrome 145 and later) registers a key after the login, and from then on proves every few minutes that it has it. A copied
 * session cookie stops working when the bound cookie that was copied with it expires. Other browsers notice nothing.
 *
 * The guard answers two paths by itself, `/device-bound/register` and `/device-bound/refresh`, wherever an adapter runs. It needs
 * HTTPS, and the package `jose`. Its notes have the public key, challenges and hashes.
 *
 * ```ts
 * const sessions = createSessions({ guards: [deviceBound()] })
 * ```
 *
 * @throws `ERR_OPTION` for an unknown or a wrong option.
 */
export function deviceBound(options: DeviceBoundOptions = {}): Guard {
  const settings = toSettings(options)
  const { registerPath, refreshPath, cookie } = settings
  /** The notes of the requests whose responses offer a binding. */
  const offering = new WeakMap<RequestView, string>()

  return {
    name: 'device-bound',
    endpoints: [registerPath, refreshPath],
    opened(sight) {
      const { view } = sight
      const [path] = view.url.split('?', 1)
      if (path === registerPath) return register(settings, sight)
      if (path === refreshPath) return refresh(settings, sight)
      return judge(settings, sight, (note) => void offering.set(view, note))
    },
    login(sight) {
      const note = offerAtLogin(sight)
      return note === null ? null : { note }
    },
    leaving({ view, note }, did) {
      if (did === 'logout') return cookie.read(view).length === 0 ? NO_HEADERS : [append('set-cookie', cookie.clear())]
      // If a parallel request stored its note first, its response has the offer. With two, the browser would register twice.
      const isOffering = did === 'login' || (note !== null && note === offering.get(view))
      const offer = isOffering ? parseNote(note)?.offer : undefined
      // Whoever knows the offer may bind the session, so no cache may keep it.
      return offer === undefined
        ? NO_HEADERS
        : [append('secure-session-registration', writeRegistration(registerPath, offer)), ...NO_CACHE]
    },
  }
}

function append(name: string, value: string): HeaderChange {
  return { name, value, how: 'append' }
}
