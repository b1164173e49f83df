import { AsyncLocalStorage } from 'node:async_hooks'
import type { OptionKinds } from '../core/contracts/check-options.ts'
import { SessionError } from '../core/contracts/errors.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import { checkArguments } from './_check-arguments.ts'
import { FetchView } from './_fetch-view.ts'
import { holdResponse } from './_hold-response.ts'
import { otherFramework } from './_other-framework.ts'
import { createStorage, type ReactRouterStorage, type StorageOptions } from './_react-router-storage.ts'
import type { ReactRouterArgs, ReactRouterMiddleware } from './_require-react-router.ts'
import type { TrustProxy } from './_trust-proxy.ts'

export type { ReactRouterSession, ReactRouterStorage, StorageOptions } from './_react-router-storage.ts'
export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export {
  type ReactRouterArgs,
  type ReactRouterContext,
  type ReactRouterMiddleware,
  requireAssurance,
  requireFresh,
  requireMethods,
  requireUser,
} from './_require-react-router.ts'
export { returnPath } from './_return-path.ts'
export type { TrustProxy } from './_trust-proxy.ts'

/**
 * `context.get(sessionContext)` in loaders, actions and middleware. Its data has the type that the application declares for
 * `SessionData`. `sessions.get(context)` is exactly typed.
 */
export const sessionContext: { readonly defaultValue?: Session } = {}

export interface ReactRouterOptions {
  /**
   * Returns the address at the other end of the connection, which your server puts into the context (`getLoadContext`). Default:
   * unknown.
   */
  readonly peer?: (args: ReactRouterArgs) => string | null
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
}

const KINDS: OptionKinds<ReactRouterOptions> = { peer: 'function', trustProxy: 'any' }

/** What a storage finds by the request that it is called in. */
const current = new AsyncLocalStorage<(owner: object) => Session<object> | undefined>()

/**
 * Sessions for React Router 7.9 and later, and 8, as middleware of the root route: `export const middleware =
 * [reactRouterSessions(sessions)]` in `app/root.tsx`. Version 7 needs `future: { v8_middleware: true }`.
 *
 * The response is returned once the session is stored. If the store cannot answer, it is a 503.
 */
export function reactRouterSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: ReactRouterOptions = {},
): ReactRouterMiddleware {
  checkArguments('reactRouterSessions', sessions, options, KINDS)
  const { peer = () => null, trustProxy } = options
  return async (args, next) => {
    const { context, request } = args
    if (typeof context?.set !== 'function') throw otherFramework('reactRouterSessions', args)
    // The sessions are mounted twice. Two exchanges would undo each other's cookies.
    if (sessions.has(context)) return next()
    return holdResponse(sessions, new FetchView(request, trustProxy, () => peer(args)), async (session) => {
      for (const target of [context, request]) sessions.attach(target, session)
      context.set(sessionContext, session as Session)
      const outer = current.getStore()
      const find = (owner: object) => (owner === sessions ? (session as Session<object>) : outer?.(owner))
      return withoutBlankCookies(await current.run(find, next))
    })
  }
}

/**
 * React Router's `SessionStorage` on these sessions, so that loaders and actions that use `getSession`, `commitSession` and
 * `destroySession` work as they are. Needs `reactRouterSessions`, which sends the cookie: `commitSession` and `destroySession`
 * resolve with an empty text.
 *
 * ```ts
 * // app/sessions.server.ts
 * import { createSessions } from 'sojourn'
 * import { reactRouterStorage } from 'sojourn/react-router'
 *
 * export const sessions = createSessions()
 * export const { getSession, commitSession, destroySession } = reactRouterStorage(sessions, { userKey: 'userId' })
 * ```
 *
 * @throws `ERR_OPTION` for an unknown option.
 */
export function reactRouterStorage<Data extends object, UserKey extends string = never>(
  sessions: Sessions<Data>,
  options: StorageOptions<UserKey> = {},
): ReactRouterStorage<Data & Readonly<Record<UserKey, string>>> {
  checkArguments('reactRouterStorage', sessions, options, { userKey: 'string' })
  return createStorage(() => {
    const session = current.getStore()?.(sessions)
    if (session === undefined) throw new SessionError('ERR_NO_SESSION', NOT_MOUNTED)
    return session as Session<Data & Readonly<Record<UserKey, string>>>
  }, options.userKey)
}

const NOT_MOUNTED =
  'getSession works in loaders, actions and middleware below reactRouterSessions. Add it to the root route: export const middleware = [reactRouterSessions(sessions)].'

/** What `commitSession` resolved with, which loaders put into a header. */
function withoutBlankCookies(response: Response): Response {
  const cookies = response.headers.getSetCookie()
  if (!cookies.includes('')) return response
  const copy = new Response(response.body, response)
  copy.headers.delete('set-cookie')
  for (const cookie of cookies) if (cookie !== '') copy.headers.append('set-cookie', cookie)
  return copy
}
