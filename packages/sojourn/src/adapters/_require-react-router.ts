import type { Duration } from '../core/contracts/duration.ts'
import type { Session } from '../core/contracts/session.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse, toResponse } from './_answer.ts'
import { PageView } from './_page-view.ts'
import {
  assuranceRequirement,
  freshRequirement,
  methodsRequirement,
  type RequireFreshOptions,
  type Requirement,
  type RequireUserOptions,
  type StepUpOptions,
  userRequirement,
} from './_require.ts'
import { VARY } from './_require-answer.ts'

/** What the adapter uses of React Router's `RouterContextProvider`. */
export interface ReactRouterContext {
  set(context: { readonly defaultValue?: Session }, value: Session): void
}

/** What the adapter uses of the arguments of a loader, an action or middleware. */
export interface ReactRouterArgs {
  readonly request: Request
  readonly context: ReactRouterContext
  /** The location, without what React Router adds to the address. Not in older versions. */
  readonly url?: URL
}

/** Middleware of React Router, for any route. */
export type ReactRouterMiddleware = (args: ReactRouterArgs, next: () => Promise<Response>) => Promise<Response>

/**
 * Only users who are signed in reach the routes below it. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * // app/routes/account.tsx
 * import { requireUser } from 'sojourn/react-router'
 *
 * export const middleware = [requireUser({ signIn: '/sign-in' })]
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): ReactRouterMiddleware {
  return toMiddleware(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach the routes below it (`authenticatedWithin`). Browsers of others are
 * redirected to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A
 * proof that a guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): ReactRouterMiddleware {
  return toMiddleware(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach the routes below it. Of `aal1`, `aal2` and `aal3` (NIST
 * SP 800-63B), a higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the
 * page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): ReactRouterMiddleware {
  return toMiddleware(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach the routes below it. Others are handled as by
 * `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): ReactRouterMiddleware {
  return toMiddleware(methodsRequirement(methods, options))
}

function toMiddleware(requirement: Requirement): ReactRouterMiddleware {
  return async (args, next) => {
    const { url, request } = args
    const isData = url !== undefined && new URL(request.url).pathname !== url.pathname
    const answer = requirement(attachedTo(args.context), isData ? new PageView(request, url) : undefined)
    if (answer === null) return next()
    const response = toResponse(toOwnResponse(answer))
    for (const { name, value } of VARY) response.headers.append(name, value)
    return response
  }
}
