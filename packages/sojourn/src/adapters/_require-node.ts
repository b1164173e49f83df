import type { Duration } from '../core/contracts/duration.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse } from './_answer.ts'
import { applyChanges, sendAnswer } from './_node-headers.ts'
import type { Next, NodeResponse } from './_node-types.ts'
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

/** Middleware for routes of Express and Connect. With node:http, call it with a function that continues. */
export type RequireMiddleware = (request: object, response: NodeResponse, next: Next) => void

/**
 * Only users who are signed in reach the route. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * import { requireUser } from 'sojourn/express'
 *
 * app.get('/account', requireUser({ signIn: '/sign-in' }), (req, res) => res.send(req.session.userId))
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): RequireMiddleware {
  return toMiddleware(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach the route (`authenticatedWithin`). Browsers of others are redirected
 * to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A proof that a
 * guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * ```ts
 * import { requireFresh } from 'sojourn/express'
 *
 * app.post('/password', requireFresh('5m', { confirm: '/confirm', signIn: '/sign-in' }), (req, res) => res.send('changed'))
 * ```
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): RequireMiddleware {
  return toMiddleware(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach the route. Of `aal1`, `aal2` and `aal3` (NIST SP 800-63B), a
 * higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the page.
 *
 * ```ts
 * import { requireAssurance } from 'sojourn/express'
 *
 * app.post('/transfer', requireAssurance('aal2', { stepUp: '/passkey', signIn: '/sign-in' }), (req, res) => res.send('sent'))
 * ```
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): RequireMiddleware {
  return toMiddleware(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach the route. Others are handled as by `requireAssurance`.
 *
 * ```ts
 * import { requireMethods } from 'sojourn/express'
 *
 * app.use('/admin', requireMethods(['hwk'], { stepUp: '/passkey', signIn: '/sign-in' }))
 * ```
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): RequireMiddleware {
  return toMiddleware(methodsRequirement(methods, options))
}

function toMiddleware(requirement: Requirement): RequireMiddleware {
  return (request, response, next) => {
    let answer: ReturnType<Requirement>
    try {
      answer = requirement(attachedTo(request))
    } catch (error) {
      return next(error)
    }
    if (answer === null) return next()
    applyChanges(response, VARY)
    sendAnswer(response, toOwnResponse(answer))
  }
}
