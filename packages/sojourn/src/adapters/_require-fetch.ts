import type { Duration } from '../core/contracts/duration.ts'
import type { Session } from '../core/contracts/session.ts'
import type { RequestData } from '../core/contracts/session-data.ts'
import type { MaybePromise } from '../core/contracts/store.ts'
import { toOwnResponse, toResponse } from './_answer.ts'
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

/** A handler of `withSession`. */
type Handler<Data extends object, Incoming extends Request, Rest extends readonly unknown[]> = (
  request: Incoming,
  session: Session<Data>,
  ...rest: Rest
) => MaybePromise<Response>

/** Wraps a handler of `withSession`. */
export type RequireWrapper = <
  Data extends object = RequestData,
  Incoming extends Request = Request,
  Rest extends readonly unknown[] = readonly [],
>(
  handler: Handler<Data, Incoming, Rest>,
) => Handler<Data, Incoming, Rest>

/**
 * Wraps a handler that only users who are signed in reach. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * import { requireUser, withSession } from 'sojourn/fetch'
 *
 * const account = requireUser({ signIn: '/sign-in' })((_request, session) => Response.json(session.userId))
 *
 * export default { fetch: withSession(sessions, account) }
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): RequireWrapper {
  return toWrapper(userRequirement(options))
}

/**
 * Wraps a handler that only users reach who proved their identity within this time (`authenticatedWithin`). Browsers of others are
 * redirected to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A
 * proof that a guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): RequireWrapper {
  return toWrapper(freshRequirement(age, options))
}

/**
 * Wraps a handler that only sessions reach whose `assurance` is this level, or one of these levels. Of `aal1`, `aal2` and `aal3`
 * (NIST SP 800-63B), a higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp`
 * as the page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): RequireWrapper {
  return toWrapper(assuranceRequirement(level, options))
}

/**
 * Wraps a handler that only sessions reach whose `methods` include all of these (`amr`, RFC 8176). Others are handled as by
 * `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): RequireWrapper {
  return toWrapper(methodsRequirement(methods, options))
}

function toWrapper(requirement: Requirement): RequireWrapper {
  return (handler) =>
    (request, session, ...rest) => {
      const answer = requirement(session)
      if (answer === null) return handler(request, session, ...rest)
      const response = toResponse(toOwnResponse(answer))
      for (const { name, value } of VARY) response.headers.append(name, value)
      return response
    }
}
