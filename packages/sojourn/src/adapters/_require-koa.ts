import type { ExtendableContext, Next } from 'koa'
import type { Duration } from '../core/contracts/duration.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse } from './_answer.ts'
import { applyChanges } from './_node-headers.ts'
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

/** Middleware of Koa, for routers too. */
export type KoaMiddleware = (ctx: ExtendableContext, next: Next) => Promise<void>

/**
 * Only users who are signed in reach the route. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * import Koa from 'koa'
 * import { koaSessions, requireUser } from 'sojourn/koa'
 *
 * const app = new Koa()
 * app.use(koaSessions(sessions))
 * app.use(requireUser({ signIn: '/sign-in' }))
 * app.use((ctx) => {
 *   ctx.body = ctx.session.userId
 * })
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): KoaMiddleware {
  return toMiddleware(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach the route (`authenticatedWithin`). Browsers of others are redirected
 * to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A proof that a
 * guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): KoaMiddleware {
  return toMiddleware(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach the route. Of `aal1`, `aal2` and `aal3` (NIST SP 800-63B), a
 * higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): KoaMiddleware {
  return toMiddleware(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach the route. Others are handled as by `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): KoaMiddleware {
  return toMiddleware(methodsRequirement(methods, options))
}

function toMiddleware(requirement: Requirement): KoaMiddleware {
  return async (ctx, next) => {
    const answer = requirement(attachedTo(ctx))
    if (answer === null) return next()
    applyChanges(ctx.res, VARY)
    const { status, headers, body } = toOwnResponse(answer)
    ctx.status = status
    ctx.set({ ...headers })
    ctx.body = body
  }
}
