import type { Duration } from '../core/contracts/duration.ts'
import { attachedTo } from '../core/create-sessions.ts'
import { toOwnResponse } from './_answer.ts'
import { joinVary } from './_node-headers.ts'
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

/** The members of a Fastify reply that are used here. */
export interface RequireReply {
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
  code(status: number): { headers(values: Record<string, string>): { send(body: string): unknown } }
}

/** A hook for `preHandler` of a route or of an instance. */
export type RequireHook = (request: object, reply: RequireReply, done: (error?: Error) => void) => void

/**
 * Only users who are signed in reach the route. Browsers are redirected to `signIn` and come back; other clients get 401.
 *
 * ```ts
 * import Fastify from 'fastify'
 * import { fastifySessions, requireUser } from 'sojourn/fastify'
 *
 * const app = Fastify()
 * app.register(fastifySessions, { sessions })
 * app.get('/account', { preHandler: requireUser({ signIn: '/sign-in' }) }, async (request) => request.session.userId)
 * ```
 *
 * @throws `ERR_OPTION` if a path is not one of this application.
 */
export function requireUser(options?: RequireUserOptions): RequireHook {
  return toHook(userRequirement(options))
}

/**
 * Only users who proved their identity within this time reach the route (`authenticatedWithin`). Browsers of others are redirected
 * to `confirm` and come back. Other clients get 403, or, with a bearer token, 401 with the challenge of RFC 9470. A proof that a
 * guard distrusts does not count. Visitors who are not signed in are handled as by `requireUser`.
 *
 * @throws `ERR_OPTION` for an invalid time, or if a path is not one of this application.
 */
export function requireFresh(age: Duration, options?: RequireFreshOptions): RequireHook {
  return toHook(freshRequirement(age, options))
}

/**
 * Only sessions whose `assurance` is this level, or one of these levels, reach the route. Of `aal1`, `aal2` and `aal3` (NIST SP 800-63B), a
 * higher one counts too; other levels must be equal. Others are handled as by `requireFresh`, with `stepUp` as the page.
 *
 * @throws `ERR_OPTION` if a level is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireAssurance(level: string | readonly string[], options?: StepUpOptions): RequireHook {
  return toHook(assuranceRequirement(level, options))
}

/**
 * Only sessions whose `methods` include all of these (`amr`, RFC 8176) reach the route. Others are handled as by `requireAssurance`.
 *
 * @throws `ERR_OPTION` if a method is empty or has a space or a quote, or if a path is not one of this application.
 */
export function requireMethods(methods: readonly string[], options?: StepUpOptions): RequireHook {
  return toHook(methodsRequirement(methods, options))
}

function toHook(requirement: Requirement): RequireHook {
  return (request, reply, done) => {
    let answer: ReturnType<Requirement>
    try {
      answer = requirement(attachedTo(request))
    } catch (error) {
      return done(error as Error)
    }
    if (answer === null) return done()
    for (const { value } of VARY) {
      const present = reply.getHeader('vary')
      reply.header('vary', present === undefined ? value : joinVary(String(present), value))
    }
    const { status, headers, body } = toOwnResponse(answer)
    reply.code(status).headers(headers).send(body)
  }
}
