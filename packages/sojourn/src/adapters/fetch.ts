import type { OptionKinds } from '../core/contracts/check-options.ts'
import type { Session } from '../core/contracts/session.ts'
import type { Sessions } from '../core/contracts/sessions.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { assertHandler, checkArguments } from './_check-arguments.ts'
import { FetchView } from './_fetch-view.ts'
import { holdResponse } from './_hold-response.ts'
import { otherFramework } from './_other-framework.ts'
import type { TrustProxy } from './_trust-proxy.ts'

export type { RequireFreshOptions, RequireUserOptions, StepUpOptions } from './_require.ts'
export { type RequireWrapper, requireAssurance, requireFresh, requireMethods, requireUser } from './_require-fetch.ts'
export { returnPath } from './_return-path.ts'
export type { TrustProxy } from './_trust-proxy.ts'

export interface FetchOptions<Incoming extends Request = Request, Rest extends readonly unknown[] = readonly []> {
  /**
   * Returns the address at the other end of the connection, which each runtime provides in its own way. Default: unknown. Bun:
   * `(request, server) => server.requestIP(request)?.address ?? null`; Deno: `(_, info) => info.remoteAddr.hostname`; Workers:
   * `(request) => request.headers.get('cf-connecting-ip')`.
   */
  readonly peer?: (request: Incoming, ...rest: Rest) => string | null
  /**
   * Reads the fields of the body, for carriers that need them: `(request) => request.clone().formData()`. It runs before the session
   * is opened, on requests with a body. If it rejects, the request has no fields. The server limits the size of bodies. Default: none.
   */
  readonly body?: (request: Incoming) => Promise<unknown>
  /** Behind a proxy: whose `X-Forwarded-For` and `X-Forwarded-Proto` to believe. Default `false`: none. */
  readonly trustProxy?: TrustProxy
}

const KINDS: OptionKinds<FetchOptions> = { peer: 'function', body: 'function', trustProxy: 'any' }

/**
 * Sessions for any fetch-style server: wraps your handler. What the runtime passes after the request (`env`, `ctx`, `server`)
 * follows the session.
 *
 * The response is returned once the session is stored. If the store cannot answer, it is a 503. If a guard refuses the request or
 * a login while the handler runs (`ERR_DENIED`, `ERR_LOGIN_REFUSED`), it is a 403 with the guard's text. Any other `SessionError`
 * whose status is not 500 becomes a response with that status. Other errors of the handler are rethrown, and its edits are dropped, because there is no response to carry a cookie. If the handler had given the client another token, or
 * logged out, the response is a 500 that carries the cookie, and the error is printed.
 */
export function withSession<
  Data extends object,
  Incoming extends Request = Request,
  Rest extends readonly unknown[] = readonly [],
>(
  sessions: Sessions<Data>,
  handler: (request: Incoming, session: Session<Data>, ...rest: Rest) => MaybePromise<Response>,
  options: FetchOptions<Incoming, Rest> = {},
): (request: Incoming, ...rest: Rest) => Promise<Response> {
  checkArguments('withSession', sessions, options, KINDS)
  assertHandler(handler, 'withSession')
  const { peer = () => null, body, trustProxy } = options
  return async (request, ...rest) => {
    if (typeof request.headers?.get !== 'function') throw otherFramework('withSession', request)
    // This runs inside another wrapper of the same sessions. Two exchanges would undo each other's cookies.
    if (sessions.has(request)) return handler(request, sessions.get(request), ...rest)
    const view = new FetchView(request, trustProxy, () => peer(request, ...rest))
    if (body !== undefined && request.body !== null) view.body = await body(request).catch(() => undefined)
    return holdResponse(sessions, view, (session) => {
      sessions.attach(request, session)
      return handler(request, session, ...rest)
    })
  }
}
